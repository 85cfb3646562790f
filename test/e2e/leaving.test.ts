import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ask, cacheStatusOf, type Answered, type Asking } from './asking.js';
import { openStack, type OpenStack } from './open-stack.js';
import { startOwnUpstream, type OwnUpstream, type UpstreamCall } from './own-upstream.js';

/** One of them takes one call at a time: a slot that is not free is seen at once. */
const config = (url: string): string => `
upstreams:
  narrow:
    baseUrl: ${url}
    limits: { windows: [{ limit: 1000, per: 1s }], concurrency: 1 }
  wide:
    baseUrl: ${url}
    limits: { windows: [{ limit: 1000, per: 1s }], concurrency: 16 }
    retry: { status: { match: [500], policy: fixed, base: 50ms, maxAttempts: 3 }, nowBudget: 100% }
`;

/** What the upstream has in hand, until the test says how it ends. */
interface Held {
  readonly response: ServerResponse;
  isClosed: boolean;
}

let own: OwnUpstream;
let stack: OpenStack;
const held = new Map<string, Held>();
beforeAll(async () => {
  own = await startOwnUpstream();
  own.on('/', (_, response) => response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end('fine'));
  own.on('/held', (call, response) => hold(call, response));
  stack = await openStack('leaving', {
    config: config(own.url),
    demo: false,
    replicas: { scheduler: 0, refresher: 0 },
  });
});
afterAll(async () => {
  await stack.stop();
  await own.close();
});

function hold({ method, target, nth }: UpstreamCall, response: ServerResponse): void {
  const one = { response, isClosed: false };
  response.once('close', () => (one.isClosed = !response.writableFinished));
  held.set(`${method} ${target} ${nth}`, one);
}

const WITHIN = { timeout: 5_000, interval: 10 };
const NO_STORE = { 'Cache-Control': 'no-store' };
const STORABLE = { 'Cache-Control': 'max-age=60' };

const get = (path: string, headers: Record<string, string> = {}): Promise<Answered> =>
  ask(stack.dataUrl, path, { headers });

const inHand = (what: string): Promise<Held> =>
  vi.waitFor(() => {
    const found = held.get(what);
    if (found === undefined) throw new Error(`expected ${what} in hand, found ${[...held.keys()].join()}`);
    return found;
  }, WITHIN);

/** Asks, and goes away once the upstream has it in hand. */
async function askAndLeave(path: string, asking: Asking = {}): Promise<Held> {
  const leaving = new AbortController();
  const asked = ask(stack.dataUrl, path, { ...asking, signal: leaving.signal });
  const found = await inHand(`${asking.method ?? 'GET'} ${path.slice(path.indexOf('/', 1))} 1`);
  leaving.abort();
  await expect(asked).rejects.toThrow();
  return found;
}

let marks = 0;
/** The holder has heard of all that left before: it takes back one that leaves now. */
async function leavingIsHeard(): Promise<void> {
  const left = await askAndLeave(`/wide/held/mark-${(marks += 1)}`, { headers: NO_STORE });
  await vi.waitFor(() => expect(left.isClosed).toBe(true), WITHIN);
}

/** The holder has all that was asked before: it has answered one that is asked now. */
async function askingIsHeard(): Promise<void> {
  expect((await get(`/wide/mark-${(marks += 1)}`)).text).toBe('fine');
}

test.each([
  ['a read with no-store', 'own', { headers: NO_STORE }],
  ['a HEAD', 'head', { method: 'HEAD' }],
])('%s whose client left is taken back, and its slot is free at once', async (_, name, asking) => {
  const left = await askAndLeave(`/narrow/held/${name}`, asking);
  await vi.waitFor(() => expect(left.isClosed).toBe(true), WITHIN);
  expect((await get(`/narrow/after/${name}`)).text).toBe('fine');
  expect(own.callsAt(`/held/${name}`)).toHaveLength(1);
});

test('a read that may be stored goes on without its client, and the next is answered from the store', async () => {
  const left = await askAndLeave('/wide/held/kept');
  await leavingIsHeard();
  expect(left.isClosed).toBe(false);
  left.response.writeHead(200, STORABLE).end('kept');
  await vi.waitFor(async () => expect(cacheStatusOf(await get('/wide/held/kept', IF_STORED))).toMatch(/^hit/), WITHIN);
  expect(own.callsAt('/held/kept')).toHaveLength(1);
});

test('one who leaves takes nothing from another who waits for the same call', async () => {
  const leaving = new AbortController();
  const first = ask(stack.dataUrl, '/wide/held/both', { headers: NO_STORE, signal: leaving.signal });
  const { response } = await inHand('GET /held/both 1');
  const staying = get('/wide/held/both', NO_STORE);
  await askingIsHeard();
  leaving.abort();
  await expect(first).rejects.toThrow();
  await leavingIsHeard();
  response.writeHead(200, STORABLE).end('both');
  await inHand('GET /held/both 2').then((again) => again.response.end('a call of its own'));
  expect((await staying).text).toBe('a call of its own');
});

test('who joined is not given the answer of one who left, where Vary tells them apart', async () => {
  const leaving = new AbortController();
  const german = { headers: { 'Accept-Language': 'de' }, signal: leaving.signal };
  const first = ask(stack.dataUrl, '/wide/held/words', german);
  const { response } = await inHand('GET /held/words 1');
  const english = get('/wide/held/words', { 'Accept-Language': 'en' });
  await askingIsHeard();
  leaving.abort();
  await expect(first).rejects.toThrow();
  await leavingIsHeard();
  response.writeHead(200, { ...STORABLE, Vary: 'Accept-Language' }).end('Wort');
  await inHand('GET /held/words 2').then((again) =>
    again.response.writeHead(200, { ...STORABLE, Vary: 'Accept-Language' }).end('word'),
  );
  expect((await english).text).toBe('word');
});

test('a write whose client left is never taken back, and its URL is marked', async () => {
  own.on('/held/written', (call, response) => {
    if (call.method === 'GET') response.writeHead(200, STORABLE).end('fine');
    else hold(call, response);
  });
  await get('/wide/held/written');
  expect(cacheStatusOf(await get('/wide/held/written'))).toMatch(/^hit/);
  const leaving = new AbortController();
  const asked = ask(stack.dataUrl, '/wide/held/written', { method: 'POST', body: 'x', signal: leaving.signal });
  const sent = await inHand('POST /held/written 2');
  leaving.abort();
  await expect(asked).rejects.toThrow();
  await leavingIsHeard();
  expect(sent.isClosed).toBe(false);
  sent.response.writeHead(200).end();
  await vi.waitFor(async () => expect((await get('/wide/held/written', IF_STORED)).status).toBe(504), WITHIN);
});

test('what fails when nobody waits for it any more is not sent again', async () => {
  const left = await askAndLeave('/wide/held/ill');
  await leavingIsHeard();
  own.on('/ill', (_, response) => response.writeHead(500).end());
  left.response.writeHead(500).end();
  expect((await get('/wide/ill')).status).toBe(500);
  expect(own.callsAt('/ill')).toHaveLength(3);
  expect(own.callsAt('/held/ill')).toHaveLength(1);
});

test('what is throttled when nobody waits for it any more does not go before others', async () => {
  const left = await askAndLeave('/wide/held/throttled');
  await leavingIsHeard();
  left.response.writeHead(429, { 'Retry-After': '1' }).end();
  await vi.waitFor(async () => expect((await page('wide')).state).toBe('paused'), WITHIN);
  expect((await get('/wide/after/pause')).text).toBe('fine');
  expect(own.callsAt('/held/throttled')).toHaveLength(1);
});

const IF_STORED = { 'Cache-Control': 'only-if-cached' };

const page = async (upstream: string): Promise<{ state: string }> =>
  (await ask(stack.adminUrl, `/v1/upstreams/${upstream}`)).json();
