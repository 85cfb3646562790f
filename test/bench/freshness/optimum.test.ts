import { describe, expect, it } from 'vitest';
import { optimalRates } from '#core';
import { normal, stream } from './chances.js';
import { freshnessAt, optimumOf, optimumOver, roundRobinOver, timesTheCalls, weightedFreshness } from './optimum.js';
import type { Season } from './world.js';
import { worldOf } from './workloads.js';

const order = { workload: 'zipf', seed: 1, size: 6000, timeScale: 1, shiftAtMs: 0, untilMs: 0 } as const;
const seasons = worldOf(order, undefined).seasons;
const season = seasons[0] as Season; // there is one
const span = { fromMs: 0, toMs: 1000 };

describe('the optimum', () => {
  it.each([
    [5, 0.769],
    [20, 0.886],
    [100, 0.967],
  ])('is at %d calls/s near what the literature has for such a world', (perSecond, expected) => {
    const { freshness, frequencies } = optimumOf(season, perSecond / 1000);
    expect(Math.abs(freshness - expected)).toBeLessThan(0.02);
    expect(frequencies.reduce((sum, f) => sum + f, 0) * 1000).toBeCloseTo(perSecond, 3);
  });

  it('is beaten by no other way to spend the same', () => {
    const small: Season = {
      fromMs: 0,
      rates: season.rates.slice(0, 50),
      weights: season.weights.slice(0, 50),
    };
    const budget = 0.001;
    const best = optimumOf(small, budget);
    const next = stream(3, 'other plans');
    for (let n = 0; n < 200; n += 1) {
      const others = best.frequencies.map((frequency) => frequency * Math.exp(normal(next) * 0.3));
      const sum = others.reduce((total, frequency) => total + frequency, 0);
      const freshness = weightedFreshness(small, (item) => ((others[item] ?? 0) * budget) / sum);
      expect(freshness).toBeLessThanOrEqual(best.freshness + 1e-9);
    }
  });

  it("is what Penstock's own mathematics come to", () => {
    const population = {
      weight: season.weights,
      cost: new Float64Array(season.rates.length).fill(1),
      changeRate: season.rates.map((perMs) => perMs * 1000),
    };
    const own = optimalRates(population, 20);
    const { freshness, kept } = optimumOf(season, 0.02);
    expect(Math.abs(own.freshness - freshness)).toBeLessThan(1e-4);
    expect(Math.abs(own.kept - kept)).toBeLessThan(6);
  });

  it('gives up what changes too fast for its demand', () => {
    const two: Season = { fromMs: 0, rates: Float64Array.of(1, 0.001), weights: Float64Array.of(0.5, 0.5) };
    expect(optimumOf(two, 0.002)).toMatchObject({ kept: 1 });
  });

  it('of seasons is their mean by time', () => {
    const quiet: Season = { ...season, fromMs: 500, rates: season.rates.map((rate) => rate / 10) };
    const mean = (optimumOf(season, 0.02).freshness + optimumOf(quiet, 0.02).freshness) / 2;
    expect(optimumOver([season, quiet], 0.02, span)).toBeCloseTo(mean, 9);
  });
});

it('what is fetched at every change or so is fresh for 63 % of the time', () => {
  expect(freshnessAt(1, 1)).toBeCloseTo(1 - 1 / Math.E, 12);
  expect(freshnessAt(0, 0)).toBe(1);
  expect(freshnessAt(1, 0)).toBe(0);
});

it('going round needs so many times the calls for the freshness that it has with them', () => {
  const freshness = roundRobinOver(seasons, 0.08, span);
  expect(timesTheCalls(seasons, 0.02, span, freshness)).toBeCloseTo(4, 6);
  expect(timesTheCalls(seasons, 0.02, span, 1)).toBe(Infinity);
});
