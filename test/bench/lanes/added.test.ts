import { describe, expect, it } from 'vitest';
import { addedOf, barsOf, longestAllowedMs } from './added.js';

const samples = (throughMs: number, last: number) => ({
  throughMs: [...Array.from({ length: 99 }, () => throughMs), last],
  directMs: Array.from({ length: 100 }, () => 20),
  failed: 0,
});

describe('the time that lane now adds', () => {
  it('is the difference of the quantiles, and the slowest is kept', () => {
    expect(addedOf(samples(23, 80))).toMatchObject({ calls: 100, p50Ms: 3, p99Ms: 3, maxMs: 80 });
  });

  it('an empty bucket allows one token interval and one response', () => {
    expect(longestAllowedMs({ tokensPerSecond: 20, responseMs: 20 })).toBe(70);
  });

  it('each bar is missed by its own figure, and by what was not measured', () => {
    const good = addedOf(samples(23, 60));
    const met = (free: typeof good, empty: typeof good): boolean[] => barsOf(free, empty, 20).map((bar) => bar.met);
    expect(met(good, good)).toEqual([true, true]);
    expect(met(addedOf(samples(26, 60)), good)).toEqual([false, true]);
    expect(met(good, addedOf(samples(23, 71)))).toEqual([true, false]);
    expect(met(addedOf({ throughMs: [], directMs: [], failed: 0 }), good)).toEqual([false, true]);
  });
});
