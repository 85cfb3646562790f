import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createGateSet, createScopedLanes, Headroom } from '#core';
import { parseConfig } from '#contracts';
import { DispatchLoop } from './dispatch-loop.service.js';
import type { FetchOutcome } from './fetch-outcome.js';
import type { Asker, Flight, FlightEnd } from './flight.js';
import { dialectOf, gateSetConfigOf } from './gate-settings.js';
import { healthOf, repetitionOf } from './holding-parts.js';
import { Joinable } from './joinable.js';
import { WritesSent } from './writes-sent.js';

/** Bugs that shipping products have, built into no part of the loop: each by its own test (docs/traps.md). */

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type Answer = readonly [status: number, fields?: [string, string][]];

interface Rig {
  /** The paths that were sent, in their order. */
  readonly sent: string[];
  /** When each was. */
  readonly sentAtMs: number[];
  /** How each ended, by path. */
  readonly ended: Map<string, string>;
  /** What was handed on to be stored: statuses. */
  readonly handedOn: number[];
  ask(path: string, more?: Partial<Asker>): void;
}

const TAKES_MS = 5;

/** A loop over an upstream of the test's own words. */
function rigOf(
  settings: string,
  answerTo: (path: string, nth: number) => Answer,
  isOvertaken: (path: string) => boolean = () => false,
): Rig {
  const text = `upstreams: { crm: { baseUrl: "http://crm.example", ${settings} } }`;
  const read = parseConfig(text, { env: {}, fileName: 'test.yaml' });
  const config = read.kind === 'valid' ? read.config.upstreams.get('crm') : undefined;
  if (config === undefined) throw new Error(`expected a valid configuration, found ${JSON.stringify(read)}`);
  const clock = { now: () => Date.now() };
  const writesSent = new WritesSent();
  const [sent, sentAtMs, handedOn] = [[] as string[], [] as number[], [] as number[]];
  const ended = new Map<string, string>();
  const loop = new DispatchLoop({
    ...{ fence: 1, clock, writesSent, chance: () => 0, credential: [] },
    gates: createGateSet(gateSetConfigOf(config, 1), () => 0),
    queue: createScopedLanes<Flight>(),
    joinable: new Joinable(clock.now),
    client: {
      async send({ path, mayLeave }) {
        mayLeave();
        sent.push(path);
        sentAtMs.push(clock.now());
        const [status, fields = []] = answerTo(path, sent.filter((one) => one === path).length);
        await new Promise((resolve) => setTimeout(resolve, TAKES_MS));
        const now = clock.now();
        const answered = { kind: 'answered', body: new Uint8Array(), requestedAt: now, receivedAt: now } as const;
        return { ...answered, status, fields } satisfies FetchOutcome;
      },
      close: () => Promise.resolve(),
    },
    dialect: dialectOf(config),
    repetition: repetitionOf(config, writesSent),
    health: healthOf(config),
    headroom: new Headroom(),
    mayStillSend: () => true,
    chargeOf: () => ({ bucket: undefined, cost: undefined }),
    isOvertaken: ({ order }) => isOvertaken(order.path),
    onAnswered: (flight, { status }) => {
      handedOn.push(status);
      for (const asker of flight.askers) asker.end({ kind: 'answered', status } as FlightEnd, flight);
    },
    onFailed: (flight, end) => {
      for (const asker of flight.askers) asker.end(end, flight);
    },
    onChanges: () => undefined,
    onSettled: () => undefined,
  });
  const ask = (path: string, more: Partial<Asker> = {}): void =>
    loop.ask({
      ...{ id: `${path} ${ended.size} ${sent.length}`, lane: 'now', deadlineMs: Date.now() + 60_000 },
      order: {
        ...{ upstream: 'crm', path, shownPath: path, key: path, urlHash: path, partition: 'shared', variant: '' },
        ...{ method: 'GET', fields: [], validators: [], body: new Uint8Array(), hasIdempotencyKey: false },
        ...{ purpose: 'read', mayStore: true },
      },
      ...{ replaces: null, wantsBody: true },
      end: (end) => void ended.set(path, end.kind === 'failed' ? end.code : end.kind),
      ...more,
    });
  return { sent, sentAtMs, ended, handedOn, ask };
}

const within = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

it('a retry waits for a token as any call does (trap: retries that bypass the limiter)', async () => {
  const { ask, sent, ended } = rigOf(
    `limits: { windows: [{ limit: 3, per: 1m }], reserve: 0% },
     retry: { status: { match: [502], policy: fixed, base: 10ms, maxAttempts: 5, maxElapsed: 10m }, nowBudget: 100% }`,
    (path) => [path === '/ill' ? 502 : 200],
  );
  // Else the budget of retries would hold it back, not the limit.
  for (const path of ['/well/1', '/well/2']) ask(path);
  await within(100);
  ask('/ill', { deadlineMs: Date.now() + 1_000 });
  await within(1_500);
  expect(sent).toEqual(['/well/1', '/well/2', '/ill']);
  expect(ended.get('/ill')).toBe('not_sent_in_time');
});

it('a throttle is no attempt, and yet the call ends by its deadline (trap: attempts that never end)', async () => {
  const { ask, sent, ended } = rigOf('limits: { windows: [{ limit: 100, per: 1s }] }', () => [
    429,
    [['Retry-After', '1']],
  ]);
  ask('/refused', { deadlineMs: Date.now() + 5_000 });
  await within(5_000);
  expect(ended.get('/refused')).toBe('paused');
  expect(sent.length).toBeGreaterThan(2);
  expect(sent.length).toBeLessThan(6);
  await within(60_000);
  expect(sent.length).toBeLessThan(6);
});

it('a throttled call goes before those that came after it (trap: priority lost after a rate limit)', async () => {
  const { ask, sent } = rigOf('limits: { windows: [{ limit: 100, per: 1s }], concurrency: 1 }', (path, nth) =>
    path === '/first' && nth === 1 ? [429, [['Retry-After', '1']]] : [200],
  );
  for (const path of ['/first', '/second', '/third']) ask(path);
  await within(3_000);
  expect(sent).toEqual(['/first', '/first', '/second', '/third']);
});

it('work that was overtaken spends no token (trap: a rejected job burns a token)', async () => {
  const { ask, sent, ended } = rigOf(
    'limits: { windows: [{ limit: 1, per: 1m }], reserve: 0% }',
    () => [200],
    (path) => path.startsWith('/moot'),
  );
  for (let n = 0; n < 5; n += 1) ask(`/moot/${n}`, { lane: 'later', wantsBody: false });
  ask('/wanted');
  await within(1_000);
  expect(sent).toEqual(['/wanted']);
  expect(ended.get('/moot/4')).toBe('dropped');
});

it('the throttle of a revalidation is nobody’s answer (trap: a 429 on revalidation counted as a change)', async () => {
  const { ask, handedOn } = rigOf('limits: { windows: [{ limit: 100, per: 1s }] }', (_, nth) =>
    nth < 3 ? [429, [['Retry-After', '1']]] : [304],
  );
  ask('/kept', { lane: 'later', deadlineMs: Infinity, wantsBody: false });
  await within(10_000);
  expect(handedOn).toEqual([304]);
});

it('of all who wait for tokens no more go at once than there are (trap: waiters that wake together)', async () => {
  const { ask, sentAtMs } = rigOf('limits: { windows: [{ limit: 10, per: 1s }], concurrency: 64 }', () => [200]);
  for (let n = 0; n < 40; n += 1) ask(`/${n}`);
  await within(10_000);
  expect(sentAtMs).toHaveLength(40);
  for (const atMs of sentAtMs) {
    expect(sentAtMs.filter((other) => other >= atMs && other < atMs + 1_000).length).toBeLessThanOrEqual(10);
  }
});
