import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  callsForFreshness,
  callsForFreshnessEvenly,
  evenRates,
  optimalRates,
  weightedFreshness,
  type Population,
} from './optimal-rates.js';
import { valueOf } from './value.js';

const one = fc.record({
  weight: fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
  cost: fc.double({ min: 0.05, max: 20, noNaN: true }),
  changeRate: fc.double({ min: 1e-6, max: 10, noNaN: true }),
});
const population = fc.array(one, { minLength: 1, maxLength: 40 }).map(columnsOf);
const budget = fc.double({ min: 1e-3, max: 1e3, noNaN: true });

function columnsOf(rows: readonly { weight: number; cost: number; changeRate: number }[]): Population {
  return {
    weight: Float64Array.from(rows, ({ weight }) => weight),
    cost: Float64Array.from(rows, ({ cost }) => cost),
    changeRate: Float64Array.from(rows, ({ changeRate }) => changeRate),
  };
}

function callsOf({ cost }: Population, frequency: Float64Array): number {
  return frequency.reduce((sum, f, i) => sum + f * (cost[i] ?? 0), 0);
}

describe('the optimal refresh rates', () => {
  it('spend the budget, at one marginal worth for all that are kept and less than that for all others', () => {
    fc.assert(
      fc.property(population, budget, (all, callsPerSecond) => {
        const { frequency, marginalWorth, kept } = optimalRates(all, callsPerSecond);
        const total = all.weight.reduce((sum, w) => sum + w, 0);
        expect(callsOf(all, frequency) / callsPerSecond).toBeCloseTo(1, 6);
        expect(frequency.filter((f) => f > 0)).toHaveLength(kept);
        frequency.forEach((f, i) => {
          const [weight, cost, changeRate] = [all.weight[i] ?? 0, all.cost[i] ?? 0, all.changeRate[i] ?? 0];
          const worth = valueOf({ weight: weight / total, cost, changeRate }, f > 0 ? 1 / f : Infinity);
          if (f > 0) expect(worth / marginalWorth).toBeCloseTo(1, 6);
          else expect(worth).toBeLessThanOrEqual(marginalWorth * (1 + 1e-9));
        });
      }),
      { numRuns: 300 },
    );
  });

  it('are no worse than round robin, and than any small shift of calls from one to another', () => {
    fc.assert(
      fc.property(population, budget, fc.nat(), fc.nat(), (all, callsPerSecond, a, b) => {
        const { frequency, freshness } = optimalRates(all, callsPerSecond);
        expect(weightedFreshness(all, frequency)).toBeCloseTo(freshness, 9);
        expect(freshness).toBeGreaterThanOrEqual(weightedFreshness(all, evenRates(all, callsPerSecond)) - 1e-9);
        const [from, to] = [a % frequency.length, b % frequency.length];
        const moved = 0.1 * (frequency[from] ?? 0);
        const shifted = Float64Array.from(frequency);
        shifted[from] = (shifted[from] ?? 0) - moved;
        shifted[to] = (shifted[to] ?? 0) + (moved * (all.cost[from] ?? 0)) / (all.cost[to] ?? 1);
        expect(weightedFreshness(all, shifted)).toBeLessThanOrEqual(freshness + 1e-9);
      }),
      { numRuns: 300 },
    );
  });

  it('are none without a budget, and none for what nobody asks for', () => {
    const all = columnsOf([
      { weight: 1, cost: 1, changeRate: 0.1 },
      { weight: 0, cost: 1, changeRate: 0.1 },
    ]);
    expect(optimalRates(all, 0)).toMatchObject({ freshness: 0, kept: 0, callsPerSecond: 0 });
    expect([...optimalRates(all, 3).frequency]).toEqual([expect.closeTo(3, 8), 0]);
    expect(optimalRates(columnsOf([]), 3)).toMatchObject({ freshness: 0, kept: 0 });
  });
});

describe('the calls for a freshness', () => {
  it('are those at which the optimum, or round robin, has it', () => {
    fc.assert(
      fc.property(population, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (all, freshness) => {
        const optimal = callsForFreshness(all, freshness);
        expect(optimalRates(all, optimal).freshness).toBeCloseTo(freshness, 6);
        const even = callsForFreshnessEvenly(all, freshness);
        expect(weightedFreshness(all, evenRates(all, even))).toBeCloseTo(freshness, 6);
        expect(optimal).toBeLessThanOrEqual(even * (1 + 1e-6));
      }),
      { numRuns: 300 },
    );
  });

  it('are none for nothing, and without bound for all', () => {
    const all = columnsOf([{ weight: 1, cost: 1, changeRate: 0.1 }]);
    expect([callsForFreshness(all, 0), callsForFreshness(all, 1)]).toEqual([0, Infinity]);
    expect([callsForFreshnessEvenly(all, 0), callsForFreshnessEvenly(all, 1)]).toEqual([0, Infinity]);
  });
});

describe('6,000 resources, one change in 10 min in the median (log-normal, σ 1.5), demand by Zipf independent of that', () => {
  // Which rates the few have that are asked for most moves round robin by some points at 5 calls a second: this is a deal whose few are
  // like those of the population that the table of figures was computed from.
  const all = zipfPopulation(6_000, 5);

  it.each([
    [5, 0.43, 0.769, 3_520],
    [10, 0.57, 0.832, 4_556],
    [20, 0.7, 0.886, 5_308],
    [50, 0.832, 0.941, 5_887],
    [100, 0.899, 0.967, 5_988],
    [200, 0.942, 0.983, 6_000],
    [667, 0.98, 0.995, 6_000],
  ])('at %i calls a second: round robin %f, the optimum %f', (callsPerSecond, even, optimal, kept) => {
    const rates = optimalRates(all, callsPerSecond);
    expect(Math.abs(weightedFreshness(all, evenRates(all, callsPerSecond)) - even)).toBeLessThan(0.01);
    expect(Math.abs(rates.freshness - optimal)).toBeLessThan(0.01);
    expect(Math.abs(rates.kept - kept)).toBeLessThan(60);
  });

  it('round robin needs at least four times the calls for what the optimum has at 20 a second, in the mean of the deals', () => {
    const ratios = Array.from({ length: 12 }, (_, seed) => {
      const dealt = zipfPopulation(6_000, seed + 1);
      return callsForFreshnessEvenly(dealt, optimalRates(dealt, 20).freshness) / 20;
    });
    expect(ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length).toBeGreaterThan(4);
  });
});

/** Rates at the middles of equal shares of the distribution, dealt out by chance. */
function zipfPopulation(count: number, seed: number): Population {
  const order = shuffledOrder(count, seed);
  return {
    weight: Float64Array.from({ length: count }, (_, rank) => 1 / (rank + 1)),
    cost: new Float64Array(count).fill(1),
    changeRate: Float64Array.from(order, (at) => Math.exp(1.5 * normalQuantile((at + 0.5) / count)) / 600),
  };
}

function shuffledOrder(count: number, seed: number): number[] {
  let state = seed;
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i -= 1) {
    // A linear congruential generator (Numerical Recipes): good enough to deal cards.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const j = Math.floor((state / 2 ** 32) * (i + 1));
    [order[i], order[j]] = [order[j] as number, order[i] as number]; // both lie within
  }
  return order;
}

/** By bisection. */
function normalQuantile(p: number): number {
  let [low, high] = [-9, 9];
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (normalShareBelow(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Abramowitz and Stegun 26.2.17, within 7.5e-8. */
function normalShareBelow(z: number): number {
  const t = 1 / (1 + 0.231_641_9 * Math.abs(z));
  const series =
    t * (0.319_381_53 + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
  const above = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series;
  return z > 0 ? 1 - above : above;
}
