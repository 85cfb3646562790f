import { expect, test } from 'vitest';
import { earlierOf, noteAttempt, toldAttempts } from './attempts.js';
import { createFlight, type Asker, type Earlier, type Flight } from './flight.js';

const NOW_MS = 1_700_000_000_000;

function flightOf(earlier?: Earlier): Flight {
  const asker: Asker = {
    id: 'a1',
    lane: 'later',
    deadlineMs: Infinity,
    order: {
      ...{ upstream: 'crm', path: '/items/1', key: 'k', urlHash: 'u', partition: 'shared', variant: '' },
      ...{ shownPath: '/items/1', method: 'GET', fields: [], validators: [], body: new Uint8Array(0), purpose: 'read' },
      ...{ mayStore: true, hasIdempotencyKey: false },
    },
    replaces: null,
    wantsBody: false,
    earlier,
    end: () => undefined,
  };
  return createFlight('f1', { asker, scopes: { key: 'upstream', ids: ['upstream'] }, nowMs: NOW_MS });
}

const failed = { kind: 'failed', code: 'response_timeout', detail: '', sent: true } as const;

function sendsAt(flight: Flight, sentAtMs: number, endedAtMs: number): void {
  flight.sentAtMs = sentAtMs;
  noteAttempt(flight, failed, endedAtMs);
}

test('work that is handed out for the first time has no past', () => {
  expect(earlierOf({ deliveryCount: 1, enqueuedAt: NOW_MS - 5_000 }, NOW_MS)).toBeUndefined();
  expect(flightOf()).toMatchObject({ attempts: 0, firstSentAtMs: null });
});

test('handed out again it counts as begun when it was stored, and for no attempt: it may have been given back in good order', () => {
  const earlier = earlierOf({ deliveryCount: 3, enqueuedAt: NOW_MS - 5_000 }, NOW_MS);
  expect(flightOf(earlier)).toMatchObject({ attempts: 0, firstSentAtMs: NOW_MS - 5_000 });
});

test('a broker whose clock is ahead does not put the end off', () => {
  expect(earlierOf({ deliveryCount: 2, enqueuedAt: NOW_MS + 60_000 }, NOW_MS)?.startedAtMs).toBe(NOW_MS);
});

test('each send is kept with how long it had waited since the one before', () => {
  const flight = flightOf();
  sendsAt(flight, NOW_MS + 10, NOW_MS + 100);
  sendsAt(flight, NOW_MS + 350, NOW_MS + 400);
  expect(toldAttempts(flight)).toEqual([
    { at: '2023-11-14T22:13:20.010Z', outcome: 'response_timeout', waitedMs: 10 },
    { at: '2023-11-14T22:13:20.350Z', outcome: 'response_timeout', waitedMs: 250 },
  ]);
});

test('what was never written is no attempt', () => {
  const flight = flightOf();
  noteAttempt(flight, { kind: 'failed', code: 'holder_away', detail: '', sent: false }, NOW_MS + 10);
  expect(toldAttempts(flight)).toEqual([]);
});

test('the last twenty are kept', () => {
  const flight = flightOf();
  for (let n = 1; n <= 30; n += 1) sendsAt(flight, NOW_MS + n * 1_000, NOW_MS + n * 1_000);
  const attempts = toldAttempts(flight);
  expect([attempts.length, attempts.at(-1)?.at]).toEqual([20, '2023-11-14T22:13:50.000Z']);
});
