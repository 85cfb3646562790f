import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ask, type Answered } from './asking.js';
import { openStack, type OpenStack } from './open-stack.js';
import { startOwnUpstream, type OwnUpstream } from './own-upstream.js';

const config = (url: string): string => `
upstreams:
  buckets:
    baseUrl: ${url}/buckets
    pause: { scope: bucket }
    limits:
      windows: [{ limit: 1000, per: 1s }]
      concurrency: 64
      buckets: [{ name: search, match: "/search/**", windows: [{ limit: 5, per: 1m }] }]
    refresh: { maxAge: 1s, resources: ["/items/{1..3}", "/search/{1..2}"] }
  clients:
    baseUrl: ${url}/clients
    pause: { scope: credential }
    limits: { windows: [{ limit: 1000, per: 1s }], concurrency: 64, per: credential }
  failing:
    baseUrl: ${url}/failing
    limits: { windows: [{ limit: 1000, per: 1s }], concurrency: 64 }
    retry: { status: { policy: none, maxAttempts: 1 } }
`;

let own: OwnUpstream;
let stack: OpenStack;
beforeAll(async () => {
  own = await startOwnUpstream();
  own.on('/', (_, response) => response.writeHead(200, { 'Cache-Control': 'max-age=0' }).end('fine'));
  stack = await openStack('scopes', { config: config(own.url), demo: false });
});
afterAll(async () => {
  await stack.stop();
  await own.close();
});

const get = (target: string, headers: Record<string, string> = {}): Promise<Answered> =>
  ask(stack.dataUrl, target, { headers: { Prefer: 'wait=1', 'Cache-Control': 'no-cache', ...headers } });

interface Page {
  state: string;
  breaker: { state: string };
  scopes: { scope: string; state: string; pausedUntil: string | null }[];
}

const page = async (upstream: string): Promise<Page> =>
  (await ask(stack.adminUrl, `/v1/upstreams/${upstream}`)).json<Page>();

test('a throttled bucket is paused alone: the rest of the upstream flows, in the foreground and in the background', async () => {
  await vi.waitFor(() => expect(own.callsAt('/buckets/items/3').length).toBeGreaterThan(0), 10_000);
  own.on('/buckets/search', (_, response) => response.writeHead(429, { 'Retry-After': '30' }).end());
  expect((await get('/buckets/search/9')).status).toBe(503);
  const shown = await page('buckets');
  expect(shown.state).toBe('paused');
  expect(shown.scopes.map(({ scope, state }) => `${scope} ${state}`)).toEqual([
    'upstream flowing',
    'bucket:search paused',
    'bucket:default flowing',
  ]);
  const searched = own.calls.filter(({ target }) => target.startsWith('/buckets/search')).length;
  const refreshed = own.callsAt('/buckets/items/1').length;
  expect((await get('/buckets/items/77')).status).toBe(200);
  await vi.waitFor(() => expect(own.callsAt('/buckets/items/1').length).toBeGreaterThan(refreshed + 1), 10_000);
  expect(own.calls.filter(({ target }) => target.startsWith('/buckets/search'))).toHaveLength(searched);
});

test('with a limit for each credential one client is paused and the other is not', async () => {
  own.on('/clients', ({ headers }, response) => {
    const isGreedy = headers.authorization === 'Bearer greedy' && own.callsAt('/clients/x').length > 1;
    response.writeHead(isGreedy ? 429 : 200, isGreedy ? { 'Retry-After': '30' } : {}).end('x');
  });
  expect((await get('/clients/x', { Authorization: 'Bearer greedy' })).status).toBe(200);
  expect((await get('/clients/x', { Authorization: 'Bearer greedy' })).status).toBe(503);
  expect((await get('/clients/x', { Authorization: 'Bearer modest' })).status).toBe(200);
  const { scopes } = await page('clients');
  expect(scopes.filter(({ state }) => state === 'paused').map(({ scope }) => scope)).toEqual([
    expect.stringMatching(/^credential:[0-9a-f]{16}$/),
  ]);
});

test('an upstream that fails is shown to be shedding, and goes on answering users', async () => {
  own.on('/failing', (_, response) => response.writeHead(500).end('no'));
  for (let n = 0; n < 8; n += 1) expect((await get(`/failing/${n}`)).status).toBe(500);
  await vi.waitFor(async () => expect((await page('failing')).breaker.state).not.toBe('closed'), 3_000);
});
