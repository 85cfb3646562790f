import { afterEach, afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { ask, cacheStatusOf, ttlOf, type Answered, type Asking } from './asking.js';
import type { Arrival } from './judge.js';
import { CALM, openStack, type OpenStack } from './open-stack.js';

const LATENCY_MS = 100;
/** What a 429 may take to be read on a busy machine: what had left by then crosses it on the way. */
const CROSSING_MS = 300;
const config = `
upstreams:
  demo:
    baseUrl: http://127.0.0.1:\${PENSTOCK_DEMO_PORT}
    limits: { windows: [{ limit: 200, per: 1s }] }
  narrow:
    baseUrl: http://127.0.0.1:\${PENSTOCK_DEMO_PORT}
    limits: { windows: [{ limit: 5, per: 1s }] }
`;
const demo = {
  ...CALM,
  latency: { p50Ms: LATENCY_MS, p99Ms: LATENCY_MS + 10 },
  cacheControl: [
    { from: 1, to: 100, value: 'max-age=600' },
    { from: 101, to: 200, value: 'max-age=1' },
  ],
};

let stack: OpenStack;
// Without a refresher what is stale stays so.
beforeAll(async () => {
  stack = await openStack('throttles', { config, demo, replicas: { scheduler: 0, refresher: 0 } });
});
afterAll(() => stack.stop());
beforeEach(() => stack.judge.reset());
afterEach(() => order('resume'));

interface Page {
  state: string;
  pausedUntil: string | null;
  queued: { now: number; later: number };
}

const get = (target: string, asking: Asking = {}): Promise<Answered> => ask(stack.dataUrl, target, asking);
const preferring = (waitS: number): Asking => ({ headers: { Prefer: `wait=${waitS}` } });
const page = async (upstream = 'demo'): Promise<Page> =>
  (await ask(stack.adminUrl, `/v1/upstreams/${upstream}`)).json<Page>();

async function order(what: 'pause' | 'resume', body: object = {}): Promise<Page> {
  const headers = { 'Content-Type': 'application/json' };
  const asking = { method: 'POST', headers, body: JSON.stringify(body) };
  return (await ask(stack.adminUrl, `/v1/upstreams/demo/${what}`, asking)).json<Page>();
}

test.each([
  { form: 'seconds', first: 201 },
  { form: 'date', first: 251 },
] as const)(
  'a 429 with Retry-After ($form) pauses every call; then one probe, then the rest',
  async ({ form, first }) => {
    await get('/demo/items/1');
    await stack.judge.throttle(2_000, form);
    const clients = Array.from({ length: 50 }, (_, i) => get(`/demo/items/${first + i}`));
    const answers = await Promise.all(clients);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));

    const score = await stack.judge.score();
    expect(score).toMatchObject({ probes: 1, pauses: [{ form }] });
    expect(score.throttles).toBeLessThanOrEqual(16);
    const arrivals = await stack.judge.arrivals();
    const [{ beganMs, endsMs } = { beganMs: NaN, endsMs: NaN }] = score.pauses;
    expect(endsMs - beganMs).toBeGreaterThan(1_500);
    expect(arrivals.filter(({ atMs }) => atMs > beganMs + CROSSING_MS && atMs < endsMs)).toEqual([]);
    const probe = arrivals.find(({ kind }) => kind === 'probe');
    expect(soonestAfter(arrivals, probe)).toBeGreaterThanOrEqual(LATENCY_MS * 0.8);
    expect(await unansweredOrThrottled(first)).toEqual([]);
  },
);

test('what cannot wait for the end of a pause is told so at once, with a Retry-After that is true', async () => {
  const { pausedUntil } = await order('pause', { for: '20s' });
  const askedAt = Date.now();
  const answer = await get('/demo/items/2', preferring(1));
  expect(Date.now() - askedAt).toBeLessThan(700);
  expect(answer.status).toBe(503);
  expect(answer.json()).toMatchObject({ type: 'urn:penstock:paused', upstream: 'demo', scope: 'upstream' });
  const resumeAt = Date.parse(answer.json<{ resumeAt: string }>().resumeAt);
  expect(Math.abs(resumeAt - Date.parse(pausedUntil ?? ''))).toBeLessThan(50);
  const retryAt = Date.now() + 1_000 * Number(answer.field('Retry-After'));
  expect(retryAt).toBeGreaterThanOrEqual(resumeAt - 50);
  expect(retryAt).toBeLessThan(resumeAt + 1_500);
  expect(await stack.judge.arrivals('/items/2')).toEqual([]);
});

test('a pause that outlasts timeouts.wait is told at once without any preference', async () => {
  await order('pause', { for: '20s' });
  const askedAt = Date.now();
  expect((await get('/demo/items/3')).status).toBe(503);
  expect(Date.now() - askedAt).toBeLessThan(700);
});

test('a call that waits is told at once when a pause comes that it cannot outwait', async () => {
  await order('pause', { for: '2s' });
  const waiting = get('/demo/items/4');
  await vi.waitFor(async () => expect((await page()).queued.now).toBe(1));
  const pausedAt = Date.now();
  await order('pause', { for: '60s' });
  expect((await waiting).status).toBe(503);
  expect(Date.now() - pausedAt).toBeLessThan(1_500);
});

test('what can wait is held, and served after the pause', async () => {
  const { pausedUntil } = await order('pause', { for: '2s' });
  const answer = await get('/demo/items/5');
  expect(answer.status).toBe(200);
  expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(pausedUntil ?? ''));
});

test('a call that was held tells how long, and how long the upstream took; a hit has nothing to tell', async () => {
  const held = order('pause', { for: '1s' }).then(() => get('/demo/items/12'));
  expect((await held).status).toBe(200);
  const timings = /^cache;desc=miss, queue;dur=([\d.]+), upstream;dur=([\d.]+)$/.exec(
    (await held).field('Server-Timing') ?? '',
  );
  const [queuedMs, upstreamMs] = (timings ?? []).slice(1).map(Number);
  expect(queuedMs).toBeGreaterThan(500);
  expect(upstreamMs).toBeGreaterThanOrEqual(LATENCY_MS * 0.8);
  expect((await get('/demo/items/12')).field('Server-Timing')).toBeUndefined();
});

test('what is stored is served during a pause, and says so when it is stale', async () => {
  await get('/demo/items/6');
  await get('/demo/items/101');
  await vi.waitFor(async () => expect(ttlOf(await get('/demo/items/101'))).toBeLessThan(0), { timeout: 5_000 });
  await order('pause', { for: '20s' });
  expect(cacheStatusOf(await get('/demo/items/6'))).toMatch(/^hit; ttl=\d+$/);
  expect(cacheStatusOf(await get('/demo/items/101'))).toMatch(/^hit; ttl=-\d+; detail=paused$/);
});

test('no-cache during a pause is told, unless it can wait', async () => {
  await get('/demo/items/7');
  await order('pause', { for: '20s' });
  const answer = await get('/demo/items/7', { headers: { 'Cache-Control': 'no-cache', Prefer: 'wait=1' } });
  expect(answer.status).toBe(503);
});

test('a client that leaves frees its place: the upstream never hears of it', async () => {
  await order('pause', { for: '20s' });
  const leaving = new AbortController();
  const left = get('/demo/items/8', { signal: leaving.signal, headers: { Prefer: 'wait=60' } }).catch(() => 'left');
  await vi.waitFor(async () => expect((await page()).queued.now).toBe(1));
  leaving.abort();
  expect(await left).toBe('left');
  await vi.waitFor(async () => expect((await page()).queued.now).toBe(0));
  await order('resume');
  expect((await get('/demo/items/9')).status).toBe(200);
  expect(await stack.judge.arrivals('/items/8')).toEqual([]);
});

test('a POST that is throttled goes back as it came, and is not sent again', async () => {
  await get('/demo/items/1');
  await stack.judge.throttle(1_000, 'seconds');
  const answer = await get('/demo/items/10/notes', { method: 'POST', headers: { 'X-Call-Id': 'throttled' } });
  expect(answer.status).toBe(429);
  expect(answer.field('Retry-After')).toBe('1');
  expect((await stack.judge.posts())['throttled']).toMatchObject({ seen: 0, refused: 1 });
  expect((await page()).state).toBe('paused');
});

test('a call in lane now overtakes a backlog in lane later', async () => {
  const backlog = Array.from({ length: 20 }, (_, i) =>
    get(`/narrow/items/${301 + i}`, { headers: { Priority: 'u=7' } }),
  );
  await vi.waitFor(async () => expect((await page('narrow')).queued.later).toBeGreaterThan(10));
  const urgent = await get('/narrow/items/11', { headers: { Priority: 'u=0' } });
  expect(urgent.status).toBe(200);
  const answers = await Promise.all(backlog);
  expect(answers.every(({ status }) => status === 200)).toBe(true);
  const paths = (await stack.judge.arrivals()).map(({ path }) => path);
  expect(paths.length - paths.indexOf('/items/11')).toBeGreaterThan(8);
});

/** How long after this arrival the next one came. */
function soonestAfter(arrivals: readonly Arrival[], one: Arrival | undefined): number {
  const next = arrivals.find(({ row }) => row > (one?.row ?? Infinity));
  return (next?.atMs ?? NaN) - (one?.atMs ?? NaN);
}

/** A 429 is never kept: what is stored of these items is what the API says when it may. */
async function unansweredOrThrottled(first: number): Promise<string[]> {
  const again = await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      get(`/demo/items/${first + i}`, { headers: { 'Cache-Control': 'only-if-cached' } }),
    ),
  );
  return again.filter(({ status }) => status !== 200 && status !== 504).map(({ text }) => text);
}
