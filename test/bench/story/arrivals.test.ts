import { describe, expect, it } from 'vitest';
import { arrivals, type DueArrival } from './arrivals.js';

const rates = { hotPerSecond: 200, coldPerSecond: 2, writesPerSecond: 1, zipfExponent: 1 };

function take(count: number, seed = 1): DueArrival[] {
  const source = arrivals(seed, 6_000, rates);
  return Array.from({ length: count }, () => source.next().value);
}

describe('arrivals', () => {
  it('come at their rates', () => {
    const all = take(60_000);
    const seconds = (all.at(-1)?.dueMs ?? 0) / 1000;
    const perSecond = (kind: string): number => all.filter(({ arrival }) => arrival.kind === kind).length / seconds;
    expect(perSecond('hot')).toBeGreaterThan(194);
    expect(perSecond('hot')).toBeLessThan(206);
    expect(perSecond('cold')).toBeCloseTo(2, 0);
    expect(perSecond('write')).toBeCloseTo(1, 0);
  });

  it('are the same for the same seed', () => {
    expect(take(500)).toEqual(take(500));
    expect(take(500)).not.toEqual(take(500, 2));
  });

  it('never ask for the same cold path or write with the same id twice', () => {
    const all = take(60_000).map(({ arrival }) => arrival);
    const cold = all.flatMap((one) => (one.kind === 'cold' ? [one.path] : []));
    const ids = all.flatMap((one) => (one.kind === 'write' ? [one.id] : []));
    expect(cold.length).toBeGreaterThan(400);
    expect(new Set(cold).size).toBe(cold.length);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('read planned items only, a few of them far more often than the rest', () => {
    const counts = new Map<string, number>();
    for (const { arrival } of take(20_000))
      if (arrival.kind === 'hot') counts.set(arrival.path, (counts.get(arrival.path) ?? 0) + 1);
    const ids = [...counts.keys()].map((path) => Number(path.slice('/items/'.length)));
    expect(Math.min(...ids)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...ids)).toBeLessThanOrEqual(6_000);
    expect(Math.max(...counts.values())).toBeGreaterThan(1_500);
  });
});
