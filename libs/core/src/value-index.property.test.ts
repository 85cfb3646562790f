import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { staleValueOf, valueOf } from './value.js';
import { ValueIndex, type Placement } from './value-index.js';

const T0 = 1_700_000_000_000;
const SLOTS = 400;

type Step =
  | { readonly kind: 'place'; readonly slot: number; readonly facts: Facts }
  | { readonly kind: 'withdraw'; readonly slot: number }
  | { readonly kind: 'take'; readonly count: number; readonly afterMs: number; readonly isRefreshed: boolean }
  | { readonly kind: 'many'; readonly takes: number; readonly count: number; readonly everyMs: number };

interface Facts {
  readonly weight: number;
  readonly cost: number;
  readonly changeRate: number;
  readonly ageMs: number | undefined;
  readonly isStale: boolean;
}

// Few different values, so that many are worth the same.
const facts: fc.Arbitrary<Facts> = fc.record({
  weight: fc.oneof(fc.constantFrom(0, 1, 2), fc.double({ min: 0.01, max: 1_000, noNaN: true })),
  cost: fc.constantFrom(1, 1, 0.05, 7),
  changeRate: fc.oneof(fc.constantFrom(1 / 600, 1), fc.double({ min: 1e-6, max: 10, noNaN: true })),
  ageMs: fc.option(fc.oneof(fc.nat(2_000), fc.nat(3_600_000), fc.nat(86_400_000)), { nil: undefined }),
  isStale: fc.integer({ min: 0, max: 20 }).map((n) => n === 0),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('place' as const), slot: fc.nat(SLOTS), facts }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('withdraw' as const), slot: fc.nat(SLOTS) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('take' as const),
      count: fc.oneof(fc.nat(4), fc.nat(SLOTS)),
      afterMs: fc.oneof(fc.nat(600), fc.nat(60_000), fc.nat(20_000_000)),
      isRefreshed: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('many' as const),
      takes: fc.integer({ min: 1, max: 60 }),
      count: fc.integer({ min: 0, max: 6 }),
      everyMs: fc.constantFrom(50, 250, 251, 1_000, 30_000),
    }),
  },
);

/** Beside the index, all that was placed, in no order. */
class Play {
  nowMs = T0;
  readonly placed = new Map<number, Placement>();
  readonly index: ValueIndex;

  constructor(leastCandidates: number) {
    this.index = new ValueIndex({ leastCandidates, takesAhead: 1 });
  }

  play(step: Step): void {
    switch (step.kind) {
      case 'place':
        return this.place(step.slot, step.facts);
      case 'withdraw':
        this.placed.delete(step.slot);
        return this.index.withdraw(step.slot);
      case 'take':
        return this.take(step.count, step.afterMs, step.isRefreshed);
      case 'many':
        for (let i = 0; i < step.takes; i += 1) this.take(step.count, step.everyMs, true);
    }
  }

  place(slot: number, { ageMs, ...facts }: Facts): void {
    const placement = { ...facts, fetchedAtMs: ageMs === undefined ? undefined : this.nowMs - ageMs };
    this.placed.set(slot, placement);
    this.index.place(slot, placement, this.nowMs);
  }

  take(count: number, afterMs: number, isRefreshed: boolean): void {
    this.nowMs += afterMs;
    const expected = this.#best(count);
    const granted = this.index.take(count, this.nowMs);
    expect(new Set(granted).size).toBe(granted.length);
    expect(granted).toHaveLength(expected.length);
    granted.forEach((slot, i) => this.#isAsGood(slot, expected[i] ?? 0));
    for (const slot of granted) {
      const { isStale: _, ...facts } = this.placed.get(slot)!;
      this.placed.delete(slot);
      if (isRefreshed) this.place(slot, { ...facts, ageMs: 0, isStale: false });
    }
    expect(this.index.size).toBe(this.placed.size);
  }

  #best(count: number): number[] {
    const order = [...this.placed].map(([slot, one]) => ({ slot, one, value: this.#valueOf(one) }));
    order.sort((a, b) => {
      if (a.one.isStale !== b.one.isStale) return a.one.isStale ? -1 : 1;
      return b.value - a.value;
    });
    return order.slice(0, count).map(({ slot }) => slot);
  }

  #isAsGood(slot: number, other: number): void {
    const [one, best] = [this.placed.get(slot)!, this.placed.get(other)!];
    expect(one.isStale).toBe(best.isStale);
    const [value, most] = [this.#valueOf(one), this.#valueOf(best)];
    expect(Math.abs(value - most)).toBeLessThanOrEqual(1e-9 * most);
  }

  #valueOf(one: Placement): number {
    if (one.isStale || one.fetchedAtMs === undefined) return staleValueOf(one);
    return valueOf(one, (this.nowMs - one.fetchedAtMs) / 1_000);
  }
}

describe('the greedy index', () => {
  it('grants what a look at everything would grant, whatever comes, goes and changes', () => {
    fc.assert(
      fc.property(
        fc.array(facts, { maxLength: SLOTS }),
        fc.array(step, { maxLength: 20 }),
        fc.integer({ min: 1, max: 24 }),
        (first, steps, least) => {
          const play = new Play(least);
          first.forEach((one, slot) => play.place(slot, one));
          for (const one of steps) play.play(one);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('loses nothing: where the budget allows, all are granted, each once', () => {
    fc.assert(
      fc.property(
        fc.array(facts, { minLength: 1, maxLength: SLOTS }),
        fc.integer({ min: 1, max: 9 }),
        fc.nat(600),
        (all, count, everyMs) => {
          const index = new ValueIndex({ leastCandidates: 3, takesAhead: 1 });
          all.forEach(({ ageMs, ...one }, slot) => {
            index.place(slot, { ...one, fetchedAtMs: ageMs === undefined ? undefined : T0 - ageMs }, T0);
          });
          const granted: number[] = [];
          for (let nowMs = T0; index.size > 0; nowMs += everyMs) granted.push(...index.take(count, nowMs));
          expect(granted.toSorted((a, b) => a - b)).toEqual(all.map((_, slot) => slot));
        },
      ),
      { numRuns: 50 },
    );
  });
});
