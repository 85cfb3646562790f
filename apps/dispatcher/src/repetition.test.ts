import { expect, test } from 'vitest';
import { createRetryBudget } from '#core';
import type { BackoffPolicy, Fields } from '#core';
import { earlierOf } from './attempts.js';
import type { FetchOutcome } from './fetch-outcome.js';
import { createFlight, type Asker, type Earlier, type Flight } from './flight.js';
import { Repetition } from './repetition.js';
import { WritesSent } from './writes-sent.js';

const NOW_MS = 1_700_000_000_000;

function flightOf(method: string, earlier?: Earlier): Flight {
  const asker: Asker = {
    id: 'a1',
    lane: 'later',
    deadlineMs: Infinity,
    order: {
      ...{ upstream: 'crm', path: '/items/1', key: 'k', urlHash: 'u', partition: 'shared', variant: '' },
      ...{ shownPath: '/items/1', method, fields: [], validators: [], body: new Uint8Array(0), purpose: 'read' },
      ...{ mayStore: true, hasIdempotencyKey: false },
    },
    replaces: null,
    wantsBody: false,
    earlier,
    end: () => undefined,
  };
  const scopes = { key: 'upstream', ids: ['upstream'] };
  const flight = createFlight('f1', { asker, scopes, nowMs: NOW_MS });
  return { ...flight, attempts: flight.attempts + 1 };
}

function repetitionBy(backoff: BackoffPolicy, background = createRetryBudget(1)): Repetition {
  const policy = { backoff, maxAttempts: 3, maxElapsedMs: 60_000 };
  return new Repetition({
    policies: { rules: [], network: policy, status: [{ ...policy, match: [500, 404] }] },
    budgets: { now: createRetryBudget(1), background },
    throttledWrites: false,
    writesSent: new WritesSent(),
  });
}

const answered = (status: number, fields: Fields = []): FetchOutcome => ({
  ...{ kind: 'answered', status, fields, body: new Uint8Array(0), requestedAt: NOW_MS, receivedAt: NOW_MS },
});
const at = { nowMs: NOW_MS, chance: 0.5, permittedPerSecond: 100 };
const headerLed: BackoffPolicy = { kind: 'header-led', otherwise: { kind: 'fixed', delayMs: 50 } };

test('a header-led retry waits as long as the answer asks for, and without a word as its policy says', () => {
  const repetition = repetitionBy(headerLed);
  const date: Fields = [
    ['Date', 'Tue, 14 Nov 2023 22:13:20 GMT'],
    ['Retry-After', 'Tue, 14 Nov 2023 22:13:25 GMT'],
  ];
  expect(repetition.after(flightOf('GET'), answered(500, [['Retry-After', '2']]), at)).toMatchObject({
    delayMs: 2_000,
  });
  expect(repetition.after(flightOf('GET'), answered(500, date), at)).toMatchObject({ delayMs: 5_000 });
  expect(repetition.after(flightOf('GET'), answered(500), at)).toMatchObject({ delayMs: 50 });
});

test('a status below 500 is repeated where a policy names it', () => {
  const repetition = repetitionBy({ kind: 'none' });
  expect(repetition.after(flightOf('GET'), answered(404), at)).toMatchObject({ kind: 'retry' });
  expect(repetition.after(flightOf('GET'), answered(410), at)).toMatchObject({ reason: 'not-configured' });
  expect(repetition.after(flightOf('GET'), answered(200), at)).toBeUndefined();
});

test('what a throttle refused is charged to the budget, but not the probe', () => {
  const budget = createRetryBudget(1);
  const repetition = repetitionBy({ kind: 'none' }, budget);
  for (let n = 0; n < 3; n += 1) budget.sent(NOW_MS);
  repetition.mayHoldThrottled(flightOf('GET'), { wasProbe: true, nowMs: NOW_MS });
  for (let n = 0; n < 2; n += 1) repetition.mayHoldThrottled(flightOf('GET'), { wasProbe: false, nowMs: NOW_MS });
  expect([budget.spend(0, NOW_MS), budget.spend(0, NOW_MS)]).toEqual([true, false]);
});

test.each([
  [1, 61_000, { kind: 'retry' }],
  [2, 59_000, { kind: 'retry' }],
  [2, 61_000, { kind: 'give-up', reason: 'max-elapsed' }],
  [3, 59_000, { kind: 'retry' }],
])(
  'work at delivery %d, stored %d ms ago, does not begin anew after a restart: %j',
  (deliveryCount, ageMs, decision) => {
    const earlier = earlierOf({ deliveryCount, enqueuedAt: NOW_MS - ageMs }, NOW_MS);
    const repetition = repetitionBy({ kind: 'none' });
    expect(repetition.after(flightOf('GET', earlier), answered(500), at)).toMatchObject(decision);
  },
);
