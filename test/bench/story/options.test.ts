import { describe, expect, it } from 'vitest';
import { readOptions, WrongUsage } from './options.js';

describe('readOptions', () => {
  it('runs both stories with the baseline when nothing is said', () => {
    expect(readOptions([])).toEqual({
      only: undefined,
      seconds: undefined,
      minutes: undefined,
      baseline: true,
      json: { kind: 'none' },
      seed: 1,
      kill: undefined,
    });
  });

  it('takes --json with and without a file', () => {
    expect(readOptions(['--json', '--only', 'B'])).toMatchObject({ json: { kind: 'stdout' }, only: 'B' });
    expect(readOptions(['--json', 'out.json']).json).toEqual({ kind: 'file', path: 'out.json' });
    expect(readOptions(['--seed', '4', '--json']).json).toEqual({ kind: 'stdout' });
  });

  it('makes a kill and a long run stories of A; a kill has no baseline', () => {
    expect(readOptions(['--kill', 'dispatcher'])).toMatchObject({ only: 'A', kill: 'dispatcher', baseline: false });
    expect(readOptions(['--minutes', '30'])).toMatchObject({ only: 'A', seconds: 1_800 });
    expect(() => readOptions(['--only', 'B', '--kill', 'dispatcher'])).toThrow(WrongUsage);
  });

  it('says what it expected and what it found', () => {
    expect(() => readOptions(['--kill', 'nats'])).toThrow(
      'expected one of cache-api, scheduler, refresher, dispatcher, found "nats"',
    );
    expect(() => readOptions(['--seconds', '0'])).toThrow('--seconds: expected a whole number above 0, found "0"');
    expect(() => readOptions(['--fast'])).toThrow(WrongUsage);
  });
});
