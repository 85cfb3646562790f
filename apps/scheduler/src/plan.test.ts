import { describe, expect, it } from 'vitest';
import { entryOf, item, KEEP, keyOf, list, remindersIn, urlHashOf } from './fixtures/items.js';
import { RefreshPlan } from './plan.js';
import type { Reminder } from './plan.js';
import type { PlannedResource } from './planned.js';

const MAX_AGE_MS = 10_000;
const START_MS = 1_000_000;
const OLD = { fence: 1, send: 5 };

const resource = (n: number, maxAgeMs = MAX_AGE_MS): PlannedResource => item(n, { maxAgeMs });
const entry = (n: number, requestedAt = START_MS, version = OLD) => entryOf(n, requestedAt, version);

/** A plan of one resource, fetched at the start. */
function planOfOne(): RefreshPlan {
  const plan = new RefreshPlan();
  list(plan, [resource(1)], START_MS);
  plan.learnEntries([entry(1)], START_MS);
  return plan;
}

const facts = { urlHash: urlHashOf(1), partition: 'shared', lane: 'later' } as const;
const stored = (requestedAt: number, send: number, more: object = {}) => ({
  ...entry(1, requestedAt, { fence: 1, send }),
  partition: 'shared',
  receivedAt: requestedAt + 100,
  ...more,
});
const take = (plan: RefreshPlan, count: number, nowMs: number): readonly Reminder[] =>
  remindersIn(plan.take(count, KEEP, nowMs));
const pathsOf = (plan: RefreshPlan, nowMs: number): string[] => take(plan, 100, nowMs).map(({ path }) => path);

describe('the plan', () => {
  it('reminds of a fetched resource when its maxAge is about to end, and not before', () => {
    const plan = planOfOne();
    expect(pathsOf(plan, START_MS + 9_700)).toEqual([]);
    expect(take(plan, 1, START_MS + 9_800)).toEqual([
      { path: '/items/1', key: keyOf(1), urlHash: urlHashOf(1), variant: '', have: OLD },
    ]);
  });

  it('reminds of what was never fetched at once, in a row that takes about one maxAge', () => {
    const plan = new RefreshPlan();
    const resources = Array.from({ length: 100 }, (_, n) => resource(n));
    list(plan, resources, START_MS);
    expect(pathsOf(plan, START_MS)).toHaveLength(1);
    expect(pathsOf(plan, START_MS + 4_750)).toHaveLength(50);
    expect(pathsOf(plan, START_MS + 9_500)).toHaveLength(49);
  });

  it('reminds once, and again only after the end was told', () => {
    const plan = planOfOne();
    const dueMs = START_MS + MAX_AGE_MS;
    expect(pathsOf(plan, dueMs)).toEqual(['/items/1']);
    expect(pathsOf(plan, dueMs + 20_000)).toEqual([]);
    plan.stored(stored(dueMs + 10, 6), dueMs + 120);
    plan.answered({ ...facts, status: 200, version: { fence: 1, send: 6 }, durationMs: 100 }, dueMs + 120, 0);
    expect(plan.outstanding).toBe(0);
    expect(pathsOf(plan, dueMs + 9_000)).toEqual([]);
    expect(pathsOf(plan, dueMs + 10_010)).toEqual(['/items/1']);
  });

  it('takes what is stored by the calls of clients into account', () => {
    const plan = planOfOne();
    plan.stored(stored(START_MS + 5_000, 6), START_MS + 5_100);
    expect(pathsOf(plan, START_MS + MAX_AGE_MS)).toEqual([]);
    expect(pathsOf(plan, START_MS + 15_000)).toEqual(['/items/1']);
  });

  it('leaves private partitions and the ends of client calls alone', () => {
    const plan = planOfOne();
    plan.stored(stored(START_MS + 5_000, 6, { partition: 'p1' }), START_MS + 5_100);
    expect(pathsOf(plan, START_MS + MAX_AGE_MS)).toEqual(['/items/1']);
    plan.failed({ ...facts, lane: 'now' }, START_MS + MAX_AGE_MS);
    plan.failed({ ...facts, partition: 'p1' }, START_MS + MAX_AGE_MS);
    expect(plan.outstanding).toBe(1);
  });

  it('asks for the newest variant of a URL again', () => {
    const plan = planOfOne();
    plan.stored(stored(START_MS + 5_000, 6, { key: 'k1-de', variant: 'accept-language=de' }), START_MS + 5_100);
    const [reminder] = take(plan, 1, START_MS + 15_000);
    expect(reminder).toMatchObject({ key: 'k1-de', variant: 'accept-language=de', have: { fence: 1, send: 6 } });
  });

  it('makes a resource due at once when a write made its entry invalid', () => {
    const plan = planOfOne();
    plan.invalidated({ urlHash: urlHashOf(1), before: { fence: 1, send: 4 } }, START_MS + 100);
    expect(pathsOf(plan, START_MS + 100)).toEqual([]);
    plan.invalidated({ urlHash: urlHashOf(1), before: { fence: 1, send: 5 } }, START_MS + 100);
    expect(pathsOf(plan, START_MS + 100)).toEqual(['/items/1']);
  });

  it('reminds again when the answer had left before the write', () => {
    const plan = planOfOne();
    const dueMs = START_MS + MAX_AGE_MS;
    take(plan, 1, dueMs);
    plan.invalidated({ urlHash: urlHashOf(1), before: { fence: 1, send: 7 } }, dueMs + 10);
    plan.answered({ ...facts, status: 200, version: { fence: 1, send: 6 }, durationMs: 100 }, dueMs + 120, 0);
    expect(pathsOf(plan, dueMs + 120)).toEqual(['/items/1']);
    plan.answered({ ...facts, status: 200, version: { fence: 1, send: 8 }, durationMs: 100 }, dueMs + 300, 0);
    expect(pathsOf(plan, dueMs + 300)).toEqual([]);
  });

  it('waits twice as long after each failure, and no longer than maxAge', () => {
    const plan = planOfOne();
    let nowMs = START_MS + MAX_AGE_MS;
    for (const waitMs of [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]) {
      expect(pathsOf(plan, nowMs)).toEqual(['/items/1']);
      plan.failed(facts, nowMs);
      expect(pathsOf(plan, nowMs + waitMs - 1)).toEqual([]);
      nowMs += waitMs;
    }
  });

  it('takes an answer of 500 and above for a failure', () => {
    const plan = planOfOne();
    const dueMs = START_MS + MAX_AGE_MS;
    take(plan, 1, dueMs);
    plan.answered({ ...facts, status: 503, version: { fence: 1, send: 6 }, durationMs: 100 }, dueMs, 0);
    expect(pathsOf(plan, dueMs + 999)).toEqual([]);
    expect(pathsOf(plan, dueMs + 1_000)).toEqual(['/items/1']);
  });

  it('asks no sooner than maxAge for what is answered and may not be stored', () => {
    const plan = new RefreshPlan();
    list(plan, [resource(1)], START_MS);
    take(plan, 1, START_MS);
    plan.answered({ ...facts, status: 200, version: { fence: 1, send: 1 }, durationMs: 100 }, START_MS + 100, 0);
    expect(pathsOf(plan, START_MS + 9_000)).toEqual([]);
    expect(pathsOf(plan, START_MS + MAX_AGE_MS)).toEqual(['/items/1']);
  });

  it('wants to read the store when it is told of something newer that it has not heard of', () => {
    const plan = planOfOne();
    const dueMs = START_MS + MAX_AGE_MS;
    take(plan, 1, dueMs);
    plan.dropped({ ...facts, reason: 'overtaken' }, dueMs);
    expect(plan.doubts).toBe(true);
    expect(pathsOf(plan, dueMs)).toEqual([]);
    expect(plan.takeDoubted(10)).toEqual([urlHashOf(1)]);
    expect(plan.doubts).toBe(false);
    plan.learnEntries([entry(1, dueMs - 50, { fence: 1, send: 9 })], dueMs + 100);
    expect(pathsOf(plan, dueMs + 9_000)).toEqual([]);
  });

  it('forgets a reminder whose end was never told, and does not count the time of a pause', () => {
    const plan = planOfOne();
    const dueMs = START_MS + MAX_AGE_MS;
    take(plan, 1, dueMs);
    plan.forgetLost(dueMs + 25_000, dueMs + 31_000);
    expect(plan.outstanding).toBe(1);
    plan.forgetLost(dueMs, dueMs + 30_000);
    expect(pathsOf(plan, dueMs + 30_000)).toEqual(['/items/1']);
  });

  it('tries a reminder again that the broker had no room for', () => {
    const plan = planOfOne();
    const dueMs = START_MS + MAX_AGE_MS;
    const [reminder] = take(plan, 1, dueMs);
    plan.refused(reminder!, dueMs);
    expect(plan.outstanding).toBe(0);
    expect(pathsOf(plan, dueMs + 499)).toEqual([]);
    expect(pathsOf(plan, dueMs + 500)).toEqual(['/items/1']);
  });

  it('makes a removed entry due at once', () => {
    const plan = planOfOne();
    plan.removed([keyOf(1), keyOf(2)], START_MS + 100);
    expect(take(plan, 1, START_MS + 100)).toMatchObject([{ path: '/items/1', have: null }]);
  });

  it('follows the list: what is gone is reminded of no more, what stays keeps its time', () => {
    const plan = new RefreshPlan();
    list(plan, [resource(1), resource(2)], START_MS);
    plan.learnEntries([entry(1), entry(2)], START_MS);
    list(plan, [resource(2, 5_000), resource(3)], START_MS + 10);
    plan.learnEntries([entry(3)], START_MS + 10);
    expect(plan.size).toBe(2);
    expect(pathsOf(plan, START_MS + 5_000)).toEqual(['/items/2']);
    expect(pathsOf(plan, START_MS + MAX_AGE_MS)).toEqual(['/items/3']);
  });

  it('gives the turn to the greatest age over maxAge', () => {
    const plan = new RefreshPlan();
    list(plan, [resource(1, 10_000), resource(2, 60_000), resource(3, 20_000)], START_MS);
    plan.learnEntries([entry(1, START_MS + 40_000), entry(2, START_MS - 50_000), entry(3)], START_MS);
    expect(pathsOf(plan, START_MS + 60_000)).toEqual(['/items/3', '/items/1', '/items/2']);
  });
});
