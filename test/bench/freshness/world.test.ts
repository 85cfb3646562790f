import { describe, expect, it } from 'vitest';
import { nextChangeAfter, PoissonChanges, RepeatedChanges, seasonAt, versionAt, type Season } from './world.js';

const flat = (rate: number, size: number): Float64Array => new Float64Array(size).fill(rate);
const seasons: Season[] = [
  { fromMs: 0, rates: flat(0.001, 400), weights: flat(1 / 400, 400) },
  { fromMs: 10_000, rates: flat(0.005, 400), weights: flat(1 / 400, 400) },
];

describe('Poisson changes', () => {
  it('come as often as the rate of their season says', () => {
    const changes = new PoissonChanges(seasons, { size: 400, seed: 1 });
    const mean = (atMs: number): number =>
      Array.from({ length: 400 }, (_, item) => versionAt(changes, item, atMs)).reduce((sum, n) => sum + n, 0) / 400;
    expect(mean(10_000)).toBeGreaterThan(9.4);
    expect(mean(10_000)).toBeLessThan(10.6);
    expect(mean(20_000) - mean(10_000)).toBeGreaterThan(48.5);
    expect(mean(20_000) - mean(10_000)).toBeLessThan(51.5);
  });

  it('are the same whoever asks in which order', () => {
    const one = new PoissonChanges(seasons, { size: 400, seed: 1 });
    const other = new PoissonChanges(seasons, { size: 400, seed: 1 });
    other.timesOf(7, 20_000);
    other.timesOf(3, 100);
    for (const item of [3, 7]) {
      const until = (changes: PoissonChanges): number[] => changes.timesOf(item, 15_000).filter((ms) => ms <= 15_000);
      expect(until(one)).toEqual(until(other));
    }
    expect(new PoissonChanges(seasons, { size: 400, seed: 2 }).timesOf(3, 5000)).not.toEqual(one.timesOf(3, 5000));
  });

  it('end where the last season has none', () => {
    const still = new PoissonChanges([{ fromMs: 0, rates: flat(0, 1), weights: flat(1, 1) }], { size: 1, seed: 1 });
    expect(versionAt(still, 0, 1e9)).toBe(0);
    expect(nextChangeAfter(still, 0, 0, 1e9)).toBe(Infinity);
  });
});

describe('a recording', () => {
  const changes = new RepeatedChanges([{ atMs: [10, 40], periodMs: 100 }]);

  it('is played again and again', () => {
    expect([0, 10, 40, 100, 110, 345].map((atMs) => versionAt(changes, 0, atMs))).toEqual([0, 1, 2, 2, 3, 8]);
  });

  it('tells the next change', () => {
    expect(nextChangeAfter(changes, 0, 40, 50)).toBe(110);
  });
});

it('nothing has changed before the world began', () => {
  const changes = new PoissonChanges(seasons, { size: 400, seed: 1 });
  expect(versionAt(changes, 0, -5)).toBe(0);
  expect(seasonAt(seasons, -5)).toBe(seasons[0]);
  expect(seasonAt(seasons, 10_000)).toBe(seasons[1]);
});
