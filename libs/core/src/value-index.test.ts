import { describe, expect, it } from 'vitest';
import { ValueIndex, type Placement } from './value-index.js';

const T0 = 1_700_000_000_000;
const HOUR_MS = 3_600_000;

const ordinary: Placement = {
  weight: 1,
  cost: 1,
  changeRate: 1 / 600,
  fetchedAtMs: T0 - HOUR_MS,
  isStale: false,
};

function indexOf(placements: readonly Partial<Placement>[]): ValueIndex {
  const index = new ValueIndex();
  placements.forEach((one, slot) => index.place(slot, { ...ordinary, ...one }, T0));
  return index;
}

describe('the greedy index', () => {
  it('grants the greatest value first, and no more than is asked for', () => {
    const index = indexOf([{ weight: 2 }, { weight: 9 }, { weight: 1 }, { weight: 5 }]);
    expect(index.take(3, T0)).toEqual([1, 3, 0]);
    expect(index.size).toBe(1);
    expect(index.take(3, T0)).toEqual([2]);
    expect(index.take(3, T0)).toEqual([]);
  });

  it('leaves what changes too fast for what it is worth', () => {
    expect(indexOf([{ changeRate: 5 }, { changeRate: 1 / 600 }]).take(1, T0)).toEqual([1]);
  });

  it('prefers the cheaper call', () => {
    expect(indexOf([{ cost: 2 }, { cost: 0.2 }]).take(1, T0)).toEqual([1]);
  });

  it('grants what is known to be stale first, by value among themselves', () => {
    const index = indexOf([{ weight: 1_000 }, { isStale: true, weight: 1 }, { isStale: true, weight: 2 }]);
    expect(index.staleSize).toBe(2);
    expect(index.take(3, T0)).toEqual([2, 1, 0]);
  });

  it('knows what is stale until it is placed otherwise or withdrawn', () => {
    const index = indexOf([{ weight: 1_000 }, { isStale: true }, { isStale: true }, { isStale: true }]);
    index.place(1, ordinary, T0);
    index.withdraw(2);
    expect(index.take(3, T0)).toEqual([3, 0, 1]);
  });

  it('grants the oldest of equal ones', () => {
    const worn = { changeRate: 1 };
    const index = indexOf([
      { ...worn, fetchedAtMs: T0 - HOUR_MS },
      { ...worn, fetchedAtMs: T0 - 3 * HOUR_MS },
      { ...worn, fetchedAtMs: undefined },
      { ...worn, fetchedAtMs: T0 - 2 * HOUR_MS },
    ]);
    expect(index.take(4, T0)).toEqual([2, 1, 3, 0]);
  });

  it('does not grant what was withdrawn, until it is placed again', () => {
    const index = indexOf([{ weight: 2 }, { weight: 9 }]);
    index.withdraw(1);
    index.withdraw(1);
    index.withdraw(77);
    expect([index.has(1), index.size]).toEqual([false, 1]);
    expect(index.take(2, T0)).toEqual([0]);
    index.place(1, ordinary, T0);
    expect(index.take(2, T0)).toEqual([1]);
  });

  it('tells what the next call is worth: about the lowest value granted lately', () => {
    const index = new ValueIndex();
    for (let slot = 0; slot < 1_000; slot += 1) index.place(slot, { ...ordinary, weight: slot }, T0);
    expect(index.threshold).toBe(0);
    index.take(100, T0);
    expect(index.threshold).toBeCloseTo(index.valueAt(899, T0) * (900 / 899), 6);
    for (let second = 1; second <= 100; second += 1) index.take(1, T0 + second * 1_000);
    expect(index.threshold / index.valueAt(799, T0 + 100_000)).toBeCloseTo(1, 1);
    index.take(1_000, T0 + HOUR_MS);
    expect(index.threshold).toBeCloseTo(0, 6);
  });

  it('tells when each would reach the threshold', () => {
    const index = indexOf([{}, {}, { weight: 0.01 }, { isStale: true }, { fetchedAtMs: undefined }]);
    index.take(1, T0);
    index.take(1, T0);
    index.take(1, T0);
    index.place(0, { ...ordinary, fetchedAtMs: T0 }, T0);
    const dueMs = index.nextDueAtMs(0);
    expect(dueMs).toBeGreaterThan(T0);
    expect(index.valueAt(0, dueMs) / index.threshold).toBeCloseTo(1, 6);
    expect(index.nextDueAtMs(2)).toBe(Infinity);
    expect(index.nextDueAtMs(999)).toBe(Infinity);
    index.place(3, { ...ordinary, isStale: true }, T0);
    expect(index.nextDueAtMs(3)).toBe(0);
  });

  it('values some thousands of 50,000 at each take, while the budget rises and falls', () => {
    const index = new ValueIndex();
    const placement: { -readonly [K in keyof Placement]: Placement[K] } = { ...ordinary };
    for (let slot = 0; slot < 50_000; slot += 1) {
      placement.fetchedAtMs = T0 - (slot % 7_919) * 1_000;
      placement.weight = 1 + (slot % 97);
      index.place(slot, placement, T0);
    }
    expect(index.candidates).toBeLessThanOrEqual(4 * 4_096);
    for (let tick = 1; tick <= 600; tick += 1) {
      const nowMs = T0 + tick * 250;
      for (const slot of index.take(tick % 300 < 150 ? 25 : 75, nowMs)) {
        placement.fetchedAtMs = nowMs;
        placement.weight = 1 + (slot % 97);
        index.place(slot, placement, nowMs);
      }
      expect(index.candidates).toBeGreaterThan(75);
      expect(index.candidates).toBeLessThanOrEqual(5 * 4_096);
    }
  });

  it('values some thousands where all are worth the same', () => {
    const index = new ValueIndex();
    for (let slot = 0; slot < 50_000; slot += 1) index.place(slot, { ...ordinary, fetchedAtMs: undefined }, T0);
    for (let tick = 1; tick <= 300; tick += 1) {
      const from = (tick - 1) * 50;
      expect(index.take(50, T0 + tick * 250)).toEqual(Array.from({ length: 50 }, (_, i) => from + i));
      expect(index.candidates).toBeLessThanOrEqual(4 * 4_096);
    }
  });

  it('grants what is worth nothing and was never fetched, when there are calls for all', () => {
    const index = new ValueIndex({ leastCandidates: 1, takesAhead: 1 });
    const nothing = { weight: 0, cost: 1, changeRate: 1, isStale: false, fetchedAtMs: undefined };
    for (let slot = 0; slot < 40; slot += 1) index.place(slot, nothing, 0);
    for (let slot = 40; slot < 60; slot += 1) index.place(slot, { ...nothing, weight: 1, fetchedAtMs: 0 }, 0);
    expect(index.take(1, 10_000)).toHaveLength(1);
    expect(index.take(59, 10_050)).toHaveLength(59);
  });
});
