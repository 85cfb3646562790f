import { describe, expect, it } from 'vitest';
import { addedOf, herdBar, missBars } from './measures.js';

const hundred = (ms: number, last: number): { addedMs: number[]; failed: number } => ({
  addedMs: [...Array.from({ length: 98 }, () => ms), last, last],
  failed: 0,
});

describe('the time that a miss adds', () => {
  it('is taken over all rounds, and told of each', () => {
    const added = addedOf([hundred(1, 4), hundred(2, 8)]);
    expect(added).toMatchObject({ calls: 200, failed: 0, p50Ms: 2, p99Ms: 4, maxMs: 8 });
    expect(added.rounds).toEqual([
      { p50Ms: 1, p99Ms: 4 },
      { p50Ms: 2, p99Ms: 8 },
    ]);
  });

  it('each bar is missed by its own figure, and by what was not measured', () => {
    const chain = addedOf([hundred(1, 4)]);
    const met = (of: { addedMs: number[]; failed: number }, calls = 100): boolean[] =>
      missBars(100, addedOf([of]), chain, calls).map((bar) => bar.met);
    expect(met(hundred(1.5, 6))).toEqual([true, true, true]);
    expect(met(hundred(1.51, 6))).toEqual([false, true, true]);
    expect(met(hundred(1.5, 6.1))).toEqual([true, false, true]);
    expect(met(hundred(1.5, 6), 101)).toEqual([true, true, false]);
    expect(met({ ...hundred(1.5, 6), failed: 1 })).toEqual([true, true, false]);
    expect(met({ addedMs: [], failed: 0 }, 0)).toEqual([false, false, false]);
  });
});

describe('a herd', () => {
  const good = { allMs: 100, failed: 0, bodies: 1, upstreamCalls: 1 };

  it('meets its bar by one call and one answer, each time', () => {
    expect(herdBar(1000, [good, good]).met).toBe(true);
    for (const flaw of [{ upstreamCalls: 2 }, { bodies: 2 }, { failed: 1 }])
      expect(herdBar(1000, [good, { ...good, ...flaw }]).met).toBe(false);
    expect(herdBar(1000, []).met).toBe(false);
  });
});
