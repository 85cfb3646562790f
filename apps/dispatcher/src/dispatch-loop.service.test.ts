import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createGateSet, createScopedLanes, Headroom } from '#core';
import { parseConfig } from '#contracts';
import { DispatchLoop } from './dispatch-loop.service.js';
import type { Asker, Flight, FlightEnd, Order } from './flight.js';
import { dialectOf, gateSetConfigOf } from './gate-settings.js';
import { healthOf, repetitionOf } from './holding-parts.js';
import { Joinable } from './joinable.js';
import { WritesSent } from './writes-sent.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const CONFIG = 'upstreams: { crm: { baseUrl: http://crm.example, limits: { windows: [{ limit: 1000, per: 1s }] } } }';

interface Rig {
  readonly loop: DispatchLoop;
  readonly sent: string[];
  letGo(): void;
}

/** A loop whose client never finds the lease in force when it is about to write, until it may. */
function loopWhoseCallsStay(): Rig {
  const read = parseConfig(CONFIG, { env: {}, fileName: 'test.yaml' });
  const config = read.kind === 'valid' ? read.config.upstreams.get('crm') : undefined;
  if (config === undefined) throw new Error('expected a valid configuration of one upstream, found another');
  const clock = { now: () => performance.now() };
  const sent: string[] = [];
  let mayLeave = false;
  const writesSent = new WritesSent();
  const loop = new DispatchLoop({
    ...{ fence: 1, clock, writesSent, chance: () => 0.5, credential: [] },
    gates: createGateSet(gateSetConfigOf(config, 1), () => 0.5),
    queue: createScopedLanes<Flight>(),
    joinable: new Joinable(clock.now),
    client: {
      send: ({ path }) => {
        sent.push(path);
        return Promise.resolve(
          mayLeave
            ? { kind: 'answered', status: 200, fields: [], body: new Uint8Array(0), requestedAt: 0, receivedAt: 0 }
            : { kind: 'failed', code: 'holder_away', detail: '', sent: false },
        );
      },
      close: () => Promise.resolve(),
    },
    dialect: dialectOf(config),
    repetition: repetitionOf(config, writesSent),
    health: healthOf(config),
    headroom: new Headroom(),
    mayStillSend: () => true,
    chargeOf: () => ({ bucket: undefined, cost: undefined }),
    isOvertaken: () => false,
    onAnswered: (flight) => {
      for (const asker of flight.askers) asker.end({ kind: 'answered' } as FlightEnd, flight);
    },
    onFailed: () => undefined,
    onChanges: () => undefined,
    onSettled: () => undefined,
  });
  return { loop, sent, letGo: () => void (mayLeave = true) };
}

const ORDER: Order = {
  upstream: 'crm',
  path: '/x',
  shownPath: '/x',
  key: 'k',
  urlHash: 'u',
  partition: 'shared',
  variant: '',
  method: 'GET',
  fields: [],
  validators: [],
  body: new Uint8Array(0),
  purpose: 'read',
  mayStore: true,
  hasIdempotencyKey: false,
};

function asker(lane: Asker['lane'], path: string, end: (end: FlightEnd) => void): Asker {
  const order = { ...ORDER, path, key: path };
  return { id: path, lane, deadlineMs: 10_000, order, replaces: null, wantsBody: true, end };
}

it('what could not be written on time is sent again after a moment, not in a loop of new connections', async () => {
  const { loop, sent, letGo } = loopWhoseCallsStay();
  const ends: FlightEnd[] = [];
  loop.ask(asker('now', '/x', (end) => ends.push(end)));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(sent.length).toBeGreaterThan(5);
  expect(sent.length).toBeLessThan(25);
  letGo();
  await vi.advanceTimersByTimeAsync(100);
  expect(ends).toMatchObject([{ kind: 'answered' }]);
});

it('a batch of background work leaves in several turns, and a user who comes in between does not wait for it', async () => {
  const { loop, sent, letGo } = loopWhoseCallsStay();
  letGo();
  loop.ask(asker('now', '/first', () => undefined));
  for (let n = 0; n < 40; n += 1) loop.ask(asker('later', `/later/${n}`, () => undefined));
  const before = sent.length;
  expect(before).toBeLessThan(20);
  loop.ask(asker('now', '/now', () => undefined));
  expect(sent[before]).toBe('/now');
  await vi.advanceTimersByTimeAsync(10);
  expect(sent).toHaveLength(42);
});
