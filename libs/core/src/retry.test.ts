import { describe, expect, it } from 'vitest';
import { mayHoldThrottled, retryDecision, type RetryCondition, type RetryFacts, type RetryRule } from './retry.js';
import { createRetryBudget } from './retry-budget.js';
import { dueAt, overdueRatio } from './due.js';

const backoff = { kind: 'full-jitter', baseMs: 200, factor: 2, capMs: 10_000 } as const;
const policy = { backoff, maxAttempts: 3, maxElapsedMs: 30_000 };

const timedOut = { kind: 'network', code: 'response_timeout' } as const;

function facts(more: Partial<RetryFacts> = {}): RetryFacts {
  return {
    method: 'GET',
    hasIdempotencyKey: false,
    otherWriteSent: false,
    attempts: 1,
    startedAtMs: 0,
    nowMs: 1_000,
    path: '/items/1?x=1',
    outcome: { kind: 'status', status: 503 },
    policies: { rules: [], network: policy, status: [{ ...policy, match: [500, 502, 503, 504] }] },
    deadlineMs: undefined,
    previousDelayMs: 0,
    chance: 0.5,
    budget: () => true,
    ...more,
  };
}

function reasonOf(more: Partial<RetryFacts>): string {
  const decision = retryDecision(facts(more));
  return decision.kind === 'retry' ? 'retry' : decision.reason;
}

describe('retry', () => {
  it('a GET that met a 503 is sent again after its back-off', () => {
    expect(retryDecision(facts())).toEqual({ kind: 'retry', atMs: 1_100, delayMs: 100 });
    expect(retryDecision(facts({ attempts: 2 }))).toEqual({ kind: 'retry', atMs: 1_200, delayMs: 200 });
  });

  it.each<[string, Partial<RetryFacts>]>([
    ['retry', { outcome: timedOut }],
    ['not-configured', { outcome: { kind: 'status', status: 404 } }],
    ['max-attempts', { attempts: 3 }],
    ['max-elapsed', { nowMs: 29_950 }],
    ['deadline', { deadlineMs: 1_050 }],
    ['budget', { budget: () => false }],
    ['retry', { method: 'PUT' }],
    ['other-write-sent', { method: 'PUT', otherWriteSent: true }],
    ['other-write-sent', { method: 'DELETE', otherWriteSent: true }],
    ['retry', { method: 'GET', otherWriteSent: true }],
    ['retry', { method: 'POST', hasIdempotencyKey: true }],
    ['other-write-sent', { method: 'PATCH', hasIdempotencyKey: true, otherWriteSent: true }],
    ['not-repeatable', { method: 'PATCH' }],
    ['not-repeatable', { method: 'PURGE', hasIdempotencyKey: true }],
  ])('%s: %j', (expected, more) => {
    expect(reasonOf(more)).toBe(expected);
  });

  it('a POST without a key is never sent twice, whatever happened (trap: POST retried)', () => {
    expect(reasonOf({ method: 'POST' })).toBe('not-repeatable');
    expect(reasonOf({ method: 'POST', outcome: timedOut })).toBe('not-repeatable');
  });

  it.each<[string, RetryCondition, Partial<RetryFacts>, boolean]>([
    ['a status that is retried nowhere else', { status: [404] }, { outcome: { kind: 'status', status: 404 } }, true],
    ['another status', { status: [404] }, {}, false],
    ['a status where the call got no answer', { status: [503] }, { outcome: timedOut }, false],
    ['an error', { error: ['response_timeout'] }, { outcome: timedOut }, true],
    ['another error', { error: ['dns_error'] }, { outcome: timedOut }, false],
    ['one of a status and an error', { status: [404], error: ['response_timeout'] }, { outcome: timedOut }, true],
    ['a route', { route: (path) => path.startsWith('/items/') }, {}, true],
    ['another route', { route: (path) => path === '/reports' }, {}, false],
    ['a method', { method: ['GET'] }, {}, true],
    ['another method', { method: ['HEAD'] }, {}, false],
    ['a route and another status', { route: () => true, status: [500] }, {}, false],
  ])('a rule for %s fits or not', (_, when, more, itFits) => {
    const rule = { ...policy, backoff: { kind: 'fixed', delayMs: 7 } as const, when };
    const policies = { ...facts().policies, rules: [rule] };
    const decision = retryDecision(facts({ ...more, policies }));
    expect(decision.kind === 'retry' && decision.delayMs === 7).toBe(itFits);
  });

  it('a rule of a route does not make an answer retried that is retried nowhere', () => {
    const rules = [{ ...policy, when: { route: () => true } }];
    expect(reasonOf({ policies: { ...facts().policies, rules }, outcome: { kind: 'status', status: 404 } })).toBe(
      'not-configured',
    );
  });

  it('the first rule that fits decides, and can forbid', () => {
    const never = { ...policy, maxAttempts: 1, when: { route: () => true } };
    const often = { ...policy, maxAttempts: 9, when: { status: [503] } };
    const withRules = (...rules: RetryRule[]): string =>
      reasonOf({ attempts: 5, policies: { ...facts().policies, rules } });
    expect([withRules(never, often), withRules(often, never)]).toEqual(['max-attempts', 'retry']);
  });

  it('a rule does not make a POST repeatable', () => {
    const rules = [{ ...policy, when: { method: ['POST'] } }];
    expect(reasonOf({ method: 'POST', policies: { ...facts().policies, rules } })).toBe('not-repeatable');
  });

  it('a header-led policy takes the answer’s word, and any other does not', () => {
    const headerLed = { ...policy, backoff: { kind: 'header-led', otherwise: backoff } as const };
    const policies = { rules: [], network: policy, status: [{ ...headerLed, match: [503] }] };
    expect(retryDecision(facts({ policies, headerMs: 700 }))).toMatchObject({ delayMs: 700 });
    expect(retryDecision(facts({ headerMs: 700 }))).toMatchObject({ delayMs: 100 });
  });

  it('the budget is asked last: a retry that is refused otherwise costs nothing', () => {
    const budget = (): boolean => {
      throw new Error('asked');
    };
    expect(reasonOf({ budget, attempts: 3 })).toBe('max-attempts');
  });

  it('a throttled write is held only if repeatable or so configured, and not past another write', () => {
    const post = { method: 'POST', hasIdempotencyKey: false, otherWriteSent: false };
    expect(mayHoldThrottled({ ...post, throttledWrites: false })).toBe(false);
    expect(mayHoldThrottled({ ...post, throttledWrites: true })).toBe(true);
    expect(mayHoldThrottled({ ...post, throttledWrites: true, otherWriteSent: true })).toBe(false);
    expect(mayHoldThrottled({ ...post, hasIdempotencyKey: true, throttledWrites: false })).toBe(true);
    expect(mayHoldThrottled({ ...post, method: 'GET', throttledWrites: false })).toBe(true);
  });
});

describe('retry budget', () => {
  const START_MS = 1_700_000_000_000;

  it('pays for retries of a tenth of the sends of the last 30 s', () => {
    const budget = createRetryBudget(0.1);
    for (let i = 0; i < 1_000; i += 1) budget.sent(START_MS + i * 10);
    let paid = 0;
    while (budget.spend(10, START_MS + 10_000)) paid += 1;
    expect(paid).toBe(100);
    expect(budget.spend(10, START_MS + 45_000)).toBe(true);
  });

  it('what a throttle refused is charged without being asked for, and leaves less for retries', () => {
    const budget = createRetryBudget(0.1);
    for (let i = 0; i < 1_000; i += 1) budget.sent(START_MS);
    for (let i = 0; i < 95; i += 1) budget.charge(START_MS);
    let paid = 0;
    while (budget.spend(10, START_MS)) paid += 1;
    expect(paid).toBe(5);
  });

  it('a quiet upstream may retry: at most once a second, less where the permitted rate is low', () => {
    const paid = (permittedPerSecond: number): number => {
      const budget = createRetryBudget(0.1);
      budget.sent(START_MS);
      let count = 0;
      while (budget.spend(permittedPerSecond, START_MS)) count += 1;
      return count;
    };
    expect([paid(Infinity), paid(10), paid(0.01)]).toEqual([30, 6, 1]);
  });
});

describe('due', () => {
  it('is maxAge after the fetch, less the lead, and at once for what was never fetched', () => {
    expect(dueAt({ fetchedAtMs: 1_000, maxAgeMs: 9_000, leadMs: 500 })).toBe(9_500);
    expect(dueAt({ fetchedAtMs: 1_000, maxAgeMs: 300, leadMs: 500 })).toBe(1_000);
    expect(dueAt({ fetchedAtMs: undefined, maxAgeMs: 9_000, leadMs: 500 })).toBe(0);
  });

  it('orders by age over maxAge', () => {
    expect(overdueRatio({ fetchedAtMs: 0, maxAgeMs: 9_000 }, 18_000)).toBe(2);
    expect(overdueRatio({ fetchedAtMs: undefined, maxAgeMs: 9_000 }, 0)).toBe(Infinity);
  });
});
