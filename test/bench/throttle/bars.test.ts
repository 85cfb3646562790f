import { describe, expect, it } from 'vitest';
import { barsOf, isNotBehind } from './bars.js';
import { heatsOf } from './cells.js';
import type { Tally } from './tally.js';

const tally = (of: Partial<Tally>): Tally => ({
  calls: 10_000,
  good: 10_000,
  share: 0.97,
  throttles: 0,
  throttlesPer10k: 0,
  violations: 0,
  pauses: 0,
  recoveryMs: null,
  rounds: [],
  ...of,
});

const missed = (ours: Tally, aws: Tally, busyShare = 0.4): string[] => {
  const [heat] = heatsOf({
    rows: ['fixed-silent'],
    modes: ['learned'],
    systems: ['penstock', 'aws-adaptive'],
    quick: true,
  });
  if (heat === undefined) throw new Error('no heat');
  const cells = heat.cells.map((cell) => ({
    cell,
    outcome: { kind: 'measured' as const, tally: cell.system === 'penstock' ? ours : aws, pausesBefore: 3 },
  }));
  return barsOf({ heat, cells, busyShare }).flatMap(({ text, met }) => (met ? [] : [text]));
};

describe('the bars of the throttle bench', () => {
  it('all are met by a quota well used, without violations, with five times fewer throttles', () => {
    expect(missed(tally({ throttlesPer10k: 10 }), tally({ throttlesPer10k: 50 }))).toEqual([]);
  });

  it('each is missed by its own figure', () => {
    const aws = tally({ throttlesPer10k: 50 });
    expect(missed(tally({ violations: 1 }), aws)).toEqual(['no violation']);
    expect(missed(tally({ share: 0.89 }), aws)).toEqual(['at least 90 % of the quota']);
    expect(missed(tally({ throttlesPer10k: 11 }), aws)).toEqual(['5 times fewer throttles than aws-adaptive']);
    expect(missed(tally({}), aws, 0.71)).toEqual(['the machine had room left']);
  });

  it('a machine that was too busy is told without Penstock too', () => {
    const [heat] = heatsOf({ rows: ['bucket'], modes: ['learned'], systems: ['bullmq'], quick: true });
    if (heat === undefined) throw new Error('no heat');
    expect(barsOf({ heat, cells: [], busyShare: 0.9 })).toEqual([{ text: 'the machine had room left', met: false }]);
  });

  it('who falls short of the quota, or violates, is not ahead by having no throttles', () => {
    const ours = tally({ throttlesPer10k: 5 });
    expect(isNotBehind(ours, tally({}), 0.9)).toBe(false);
    expect(isNotBehind(ours, tally({ share: 0.5 }), 0.9)).toBe(true);
    expect(isNotBehind(ours, tally({ violations: 3 }), 0.9)).toBe(true);
  });

  it('a difference within the spread of the rounds is none', () => {
    const rounds = [3, 9].map((throttlesPer10k) => ({ share: 1, throttlesPer10k }));
    expect(isNotBehind(tally({ throttlesPer10k: 5, rounds }), tally({}), 0.9)).toBe(true);
  });
});
