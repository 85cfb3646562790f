import { describe, expect, it } from 'vitest';
import { BY_VALUE, entryOf, item, KEEP, keyOf, list, remindersIn, urlHashOf } from './fixtures/items.js';
import { RefreshPlan } from './plan.js';
import type { PlannedResource } from './planned.js';
import type { Choice } from './turns.js';

const START_MS = 1_000_000;
const SPEND_ALL: Choice = { fits: true, spendsAll: true, perSecond: 100 };

/** Resources of which each was fetched at the start, or at its own time. */
function planOf(resources: readonly PlannedResource[], fetchedAtMs: readonly number[] = []): RefreshPlan {
  const plan = new RefreshPlan();
  list(plan, resources, START_MS);
  const version = { fence: 1, send: 1 };
  plan.learnEntries(
    resources.map((_, i) => entryOf(i + 1, fetchedAtMs[i] ?? START_MS, version)),
    START_MS,
  );
  return plan;
}

function learn(plan: RefreshPlan, stats: Record<number, { rate?: number; reads?: number; cost?: number }>): void {
  const known = Object.entries(stats);
  const told = {
    keys: known.map(([n]) => keyOf(Number(n))),
    changeRates: known.map(([, { rate }]) => rate ?? null),
    reads: known.map(([, { reads }]) => reads ?? 0),
    readsAt: START_MS,
    costs: known.map(([, { cost }]) => cost ?? 1),
  };
  plan.learnStats(told, START_MS);
}

const takenOf = (plan: RefreshPlan, count: number, choice: Choice, nowMs: number): number[] =>
  remindersIn(plan.take(count, choice, nowMs)).map(({ urlHash }) => parseInt(urlHash, 16));

const three = [item(1), item(2), item(3)];
const LATER_MS = START_MS + 5_000;

describe('while all targets fit the budget', () => {
  it('nothing is fetched before it is due', () => {
    expect(takenOf(planOf(three), 3, KEEP, LATER_MS)).toEqual([]);
  });

  it('and all of it is to be spent, what is left after the due ones goes to the greatest values', () => {
    const plan = planOf([item(1, { maxAgeMs: 5_000 }), item(2), item(3), item(4)]);
    learn(plan, { 2: { rate: 0.01 }, 3: { rate: 0.1 }, 4: { rate: 0.05 } });
    expect(takenOf(plan, 3, SPEND_ALL, LATER_MS)).toEqual([1, 3, 4]);
  });

  it('a resource without any maxAge is planned by value, when all of it is to be spent, and else not at all', () => {
    const unhurried = [item(1, { maxAgeMs: undefined })];
    expect(takenOf(planOf(unhurried), 1, KEEP, START_MS + 86_400_000)).toEqual([]);
    expect(takenOf(planOf(unhurried), 1, SPEND_ALL, LATER_MS)).toEqual([1]);
  });
});

describe('when the targets do not fit the budget', () => {
  it('value decides among all, due or not', () => {
    const plan = planOf([item(1, { maxAgeMs: 5_000 }), item(2), item(3)]);
    learn(plan, { 1: { rate: 0.001 }, 2: { rate: 0.1 }, 3: { rate: 0.01 } });
    expect(takenOf(plan, 3, BY_VALUE, LATER_MS)).toEqual([2, 3, 1]);
  });

  it('what is read most weighs most, and what is read by nobody fades out', () => {
    const plan = planOf(three);
    learn(plan, { 1: { rate: 0.01, reads: 1 }, 2: { rate: 0.01, reads: 500 }, 3: { rate: 0.01 } });
    expect(takenOf(plan, 3, BY_VALUE, LATER_MS)).toEqual([2, 1, 3]);
  });

  it('explicit weights decide while nobody reads, and what costs more is worth less', () => {
    const plan = planOf([item(1, { weight: 2 }), item(2, { weight: 3 }), item(3)]);
    expect(takenOf(plan, 3, BY_VALUE, LATER_MS)).toEqual([2, 1, 3]);
    const dear = planOf(three);
    learn(dear, { 1: { cost: 4 }, 2: { cost: 1 }, 3: { cost: 2 } });
    expect(takenOf(dear, 3, BY_VALUE, LATER_MS)).toEqual([2, 3, 1]);
  });

  it('a read raises at once what had faded out', () => {
    const plan = planOf(three);
    learn(plan, { 1: { rate: 0.01, reads: 40 }, 2: { rate: 0.01, reads: 30 }, 3: { rate: 0.01 } });
    learn(plan, { 3: { rate: 0.01, reads: 41 } });
    expect(takenOf(plan, 1, BY_VALUE, LATER_MS)).toEqual([3]);
  });

  it('those of which nothing is known change as their kind does', () => {
    const plan = planOf([item(1, { path: '/slow/1' }), item(2, { path: '/quick/2' })]);
    plan.learnPriors({ overall: 0.001, templates: { '/quick/{}': 0.05 } });
    expect(takenOf(plan, 1, BY_VALUE, LATER_MS)).toEqual([2]);
  });

  it('overdue floors go first, with up to half of the calls', () => {
    const floors = [1, 2, 3, 4].map((n) => item(n, { isFloor: true, maxAgeMs: 4_000 }));
    const others = [5, 6, 7, 8].map((n) => item(n, { weight: 100 }));
    const plan = planOf([...floors, ...others]);
    expect(takenOf(plan, 4, BY_VALUE, LATER_MS)).toEqual([1, 2, 5, 6]);
    expect(takenOf(plan, 4, BY_VALUE, LATER_MS)).toEqual([3, 4, 7, 8]);
  });

  it('floors that are not due have no precedence', () => {
    const plan = planOf([item(1, { isFloor: true, maxAgeMs: 60_000 }), item(2, { weight: 2 })]);
    expect(takenOf(plan, 1, BY_VALUE, LATER_MS)).toEqual([2]);
  });

  it('what has failed is not asked for before its time, whatever it is worth', () => {
    const plan = planOf([item(1, { weight: 100 }), item(2)]);
    expect(takenOf(plan, 1, BY_VALUE, LATER_MS)).toEqual([1]);
    plan.failed({ urlHash: urlHashOf(1), partition: 'shared', lane: 'later' }, LATER_MS);
    expect(takenOf(plan, 2, BY_VALUE, LATER_MS + 999)).toEqual([2]);
    expect(takenOf(plan, 2, BY_VALUE, LATER_MS + 1_000)).toEqual([1]);
  });

  it('costs count in what all targets need', () => {
    const plan = planOf(three);
    expect(plan.needs.costPerSecond).toBeCloseTo(0.3);
    learn(plan, { 1: { cost: 5 } });
    expect(plan.needs.costPerSecond).toBeCloseTo(0.7);
    expect(plan.needs.callsPerSecond).toBeCloseTo(0.3);
  });
});

describe('what is known to be stale', () => {
  const mark = (n: number, send: number) => ({ urlHash: urlHashOf(n), before: { fence: 1, send } });
  const stored = (n: number, send: number, more: object = {}) =>
    Object.assign(entryOf(n, LATER_MS, { fence: 1, send }), { partition: 'shared', receivedAt: LATER_MS }, more);
  const ended = (n: number, send: number) => {
    const version = { fence: 1, send };
    return { urlHash: urlHashOf(n), partition: 'shared', lane: 'later', status: 200, version, durationMs: 5 } as const;
  };

  it.each([
    { mode: 'targets fit', choice: KEEP },
    { mode: 'targets do not fit', choice: BY_VALUE },
  ])('comes first where $mode, and says so', ({ choice }) => {
    const plan = planOf([item(1, { maxAgeMs: 4_000, weight: 100 }), item(2)]);
    plan.markStale([mark(2, 1)], LATER_MS);
    expect(plan.knownStale).toBe(1);
    const { stale, due } = plan.take(1, choice, LATER_MS);
    expect([stale.map(({ path }) => path), due]).toEqual([['/items/2'], []]);
  });

  it('is not, where something newer than the mark is stored', () => {
    const plan = planOf(three);
    plan.stored(stored(2, 7), LATER_MS);
    plan.markStale([mark(2, 6)], LATER_MS);
    expect(plan.knownStale).toBe(0);
  });

  it('is not lost while its refresh is outstanding: what had left before the mark does not end it', () => {
    const plan = planOf(three);
    plan.markStale([mark(2, 1)], LATER_MS);
    expect(takenOf(plan, 1, KEEP, LATER_MS)).toEqual([2]);
    plan.markStale([mark(2, 5)], LATER_MS);
    plan.stored(stored(2, 4, { knownStale: true }), LATER_MS);
    plan.answered(ended(2, 4), LATER_MS, 0);
    expect(takenOf(plan, 3, KEEP, LATER_MS)).toEqual([2]);
    plan.stored(stored(2, 6), LATER_MS);
    plan.answered(ended(2, 6), LATER_MS, 0);
    expect([plan.knownStale, takenOf(plan, 3, KEEP, LATER_MS)]).toEqual([0, []]);
  });

  it('is told by the entry itself, where the mark was not heard', () => {
    const plan = planOf(three);
    plan.stored(stored(2, 4, { knownStale: true }), LATER_MS);
    expect(takenOf(plan, 3, KEEP, LATER_MS)).toEqual([2]);
  });

  it('stays so when its refresh fails, is lost or is dropped', () => {
    const plan = planOf(three);
    plan.markStale([mark(2, 1)], LATER_MS);
    takenOf(plan, 1, KEEP, LATER_MS);
    plan.failed({ urlHash: urlHashOf(2), partition: 'shared', lane: 'later' }, LATER_MS);
    expect(takenOf(plan, 1, KEEP, LATER_MS + 1_000)).toEqual([2]);
    plan.forgetLost(0, LATER_MS + 40_000);
    expect(plan.knownStale).toBe(1);
  });

  it('leaves floors their half of the calls', () => {
    const floors = [1, 2].map((n) => item(n, { isFloor: true, maxAgeMs: 4_000 }));
    const plan = planOf([...floors, item(3), item(4), item(5), item(6)]);
    plan.markStale([mark(3, 1), mark(4, 1), mark(5, 1), mark(6, 1)], LATER_MS);
    expect(new Set(takenOf(plan, 4, KEEP, LATER_MS))).toEqual(new Set([1, 2, 3, 4]));
  });

  it('is read back from the store, as is what a write made invalid, also where the entry itself is no news', () => {
    const plan = planOf(three);
    const version = { fence: 1, send: 1 };
    const read = [
      entryOf(1, START_MS, version, { invalidAtOrBelow: version }),
      entryOf(2, START_MS, version, { staleAtOrBelow: { fence: 1, send: 9 } }),
      entryOf(3, START_MS, version, { staleAtOrBelow: { fence: 0, send: 9 } }),
    ];
    plan.learnEntries(read, LATER_MS);
    const { stale, due } = plan.take(3, KEEP, LATER_MS);
    expect([stale.map(({ path }) => path), due.map(({ path }) => path)]).toEqual([['/items/2'], ['/items/1']]);
  });

  it('counts whether the mark comes before or after what is stored', () => {
    const plan = new RefreshPlan();
    list(plan, three, START_MS);
    plan.markStale([mark(2, 3)], START_MS);
    const read = [1, 2, 3].map((n) => entryOf(n, START_MS, { fence: 1, send: 3 }));
    plan.learnEntries(read, START_MS);
    expect(takenOf(plan, 3, KEEP, LATER_MS)).toEqual([2]);
  });
});
