import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { elapsedForGain, elapsedForValue, gainAt, staleValueOf, valueOf, type Worth } from './value.js';

const worth: fc.Arbitrary<Worth> = fc.record({
  weight: fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
  cost: fc.double({ min: 0.01, max: 100, noNaN: true }),
  changeRate: fc.double({ min: 1e-6, max: 10, noNaN: true }),
});

describe('the value of a refresh', () => {
  it('is w/(cλ) · [1 − (1 + x)e^(−x)]', () => {
    expect(valueOf({ weight: 3, cost: 2, changeRate: 0.5 }, 4)).toBeCloseTo(3 * (1 - 3 * Math.exp(-2)), 12);
  });

  it('is nothing right after a fetch, and everything where nothing is stored', () => {
    const one = { weight: 3, cost: 2, changeRate: 0.5 };
    expect(valueOf(one, 0)).toBe(0);
    expect(valueOf(one, -1)).toBe(0);
    expect(valueOf(one, Infinity)).toBe(staleValueOf(one));
    expect(staleValueOf(one)).toBe(3);
  });

  it('keeps its digits where nearly no time has passed', () => {
    for (const x of [1e-9, 1e-5, 1e-3, 0.049_999]) {
      // The series, in another form: Σ (k − 1)/k! (−x)^k.
      let term = 1;
      let sum = 0;
      for (let k = 1; k < 30; k += 1) sum += (k - 1) * (term *= -x / k);
      expect(gainAt(x) / sum).toBeCloseTo(1, 12);
    }
  });

  it('rises with time, also where the series ends', () => {
    const steps = fc.tuple(
      fc.double({ min: 1e-9, max: 60, noNaN: true }),
      fc.double({ min: 1e-6, max: 1, noNaN: true }),
    );
    fc.assert(fc.property(steps, ([x, by]) => gainAt(x * (1 + by)) >= gainAt(x)));
    expect(gainAt(0.05)).toBeGreaterThan(gainAt(0.05 - 1e-9));
    expect(gainAt(45)).toBe(1);
  });

  it('knows no demand below nothing, no free call, and no rate outside of what can be watched', () => {
    expect(staleValueOf({ weight: -1, cost: 1, changeRate: 1 })).toBe(0);
    expect(staleValueOf({ weight: NaN, cost: 1, changeRate: 1 })).toBe(0);
    expect(staleValueOf({ weight: 1, cost: 0, changeRate: 1 })).toBeCloseTo(100, 9);
    expect(staleValueOf({ weight: 1, cost: 1, changeRate: 0 })).toBeCloseTo(30 * 86_400, 3);
    expect(staleValueOf({ weight: 1, cost: 1, changeRate: NaN })).toBeCloseTo(30 * 86_400, 3);
    expect(staleValueOf({ weight: 1, cost: 1, changeRate: Infinity })).toBeCloseTo(1e-3, 9);
  });
});

describe('the time at which a value is reached', () => {
  it('is the inverse of the value', () => {
    const shares = fc.double({ min: 1e-12, max: 0.999_999, noNaN: true });
    fc.assert(
      fc.property(worth, shares, (one, share) => {
        const threshold = share * staleValueOf(one);
        expect(valueOf(one, elapsedForValue(one, threshold)) / threshold).toBeCloseTo(1, 10);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is never where the most that it can be worth is less', () => {
    const one = { weight: 1, cost: 1, changeRate: 0.1 };
    expect(elapsedForValue(one, 10)).toBe(Infinity);
    expect(elapsedForValue(one, 9.99)).toBeLessThan(120);
    expect(elapsedForValue({ ...one, weight: 0 }, 1e-9)).toBe(Infinity);
  });

  it('is at once where nothing is asked', () => {
    expect(elapsedForValue({ weight: 1, cost: 1, changeRate: 0.1 }, 0)).toBe(0);
    expect(elapsedForValue({ weight: 0, cost: 1, changeRate: 0.1 }, -1)).toBe(0);
  });

  it('joins its two branches', () => {
    expect(elapsedForGain(0.5 - 1e-13)).toBeCloseTo(elapsedForGain(0.5), 11);
    expect(gainAt(elapsedForGain(0.5))).toBeCloseTo(0.5, 13);
  });
});
