import { describe, expect, it } from 'vitest';
import { AdaptiveRate } from './adaptive-rate.js';

/** So many answers a second for so long, evenly. */
function answer(rate: AdaptiveRate, of: { from: number; seconds: number; perSecond: number }): number {
  for (let i = 1; i <= of.seconds * of.perSecond; i += 1) rate.answered(of.from + i / of.perSecond, false);
  return of.from + of.seconds;
}

describe('the AWS adaptive rate', () => {
  it('nothing waits before the first throttle', () => {
    const rate = new AdaptiveRate(0);
    answer(rate, { from: 0, seconds: 5, perSecond: 50 });
    expect(rate.reserve(5)).toBe(0);
  });

  it('a throttle cuts to 0.7 of what was measured, and each slot is a later one', () => {
    const rate = new AdaptiveRate(0);
    const now = answer(rate, { from: 0, seconds: 5, perSecond: 50 });
    rate.answered(now, true);
    while (rate.reserve(now) === 0); // what was saved up goes first
    const waits = Array.from({ length: 3 }, () => rate.reserve(now));
    const gap = (waits[2] ?? 0) - (waits[1] ?? 0);
    expect(1 / gap).toBeGreaterThan(0.65 * 50);
    expect(1 / gap).toBeLessThan(0.75 * 50);
  });

  it('the rate is back where it was cut after the cube root of W (1 - beta) / C', () => {
    const rate = new AdaptiveRate(0);
    const now = answer(rate, { from: 0, seconds: 5, perSecond: 50 });
    rate.answered(now, true);
    const back = answer(rate, { from: now, seconds: Math.ceil(Math.cbrt((50 * 0.3) / 0.4)), perSecond: 50 });
    while (rate.reserve(back) === 0); // what was saved up goes first
    const gap = rate.reserve(back) - rate.reserve(back);
    expect(1 / Math.abs(gap)).toBeGreaterThan(0.9 * 50);
  });

  it('a configured limit is never exceeded', () => {
    const rate = new AdaptiveRate(0, 10);
    const now = answer(rate, { from: 0, seconds: 60, perSecond: 50 });
    while (rate.reserve(now) === 0);
    expect(1 / (rate.reserve(now) - rate.reserve(now))).toBeCloseTo(-10);
  });
});
