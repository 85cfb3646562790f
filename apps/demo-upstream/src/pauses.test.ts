import { describe, expect, it } from 'vitest';
import { Pauses } from './pauses.js';

const flushedAt = (nowMs: number, afterMs: number) => {
  return { nowMs, nowAt: nowMs, form: 'seconds', end: { kind: 'after', ms: afterMs } as const, inFlight: 1 };
};

describe('Pauses', () => {
  it('a later, shorter announcement does not end a longer one early', () => {
    const pauses = new Pauses();
    pauses.flushed(flushedAt(0, 10_000));
    pauses.flushed(flushedAt(50, 1000));
    expect(pauses.classify(5000)).toBe('violation');
    expect(pauses.classify(10_000)).toBe('probe');
  });

  it('an extension opens no new time for stragglers', () => {
    const pauses = new Pauses();
    pauses.flushed({ ...flushedAt(0, 1000), inFlight: 5 });
    pauses.flushed({ ...flushedAt(90, 1000), inFlight: 5 });
    expect([pauses.classify(100), pauses.classify(101)]).toEqual(['straggler', 'violation']);
  });

  it('a throttle after the probe begins a pause of its own', () => {
    const pauses = new Pauses();
    pauses.flushed(flushedAt(0, 1000));
    expect(pauses.classify(1000)).toBe('probe');
    expect(pauses.classify(1001)).toBe('ordinary');
    pauses.flushed(flushedAt(1002, 1000));
    expect(pauses.classify(1900)).toBe('violation');
    expect(pauses.past.map(({ beganMs, endsMs, probeMs }) => [beganMs, endsMs, probeMs])).toEqual([
      [0, 1000, 1000],
      [1002, 2002, null],
    ]);
  });
});
