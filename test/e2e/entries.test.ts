import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { withClient } from '../../apps/stack/src/postgres.js';
import { ask, cacheStatusOf, type Answered } from './asking.js';
import { openStack, type OpenStack } from './open-stack.js';
import { startOwnUpstream, type OwnUpstream } from './own-upstream.js';

let upstream: OwnUpstream;
let stack: OpenStack;
let gate: Promise<void> | undefined;

beforeAll(async () => {
  upstream = await startOwnUpstream();
  upstream.on('/', async ({ method, target }, response) => {
    if (method === 'GET') await gate;
    const fields = { 'Cache-Control': 'max-age=3600', ETag: '"e"', 'Cache-Tag': `all, of-${target.split('/')[1]}` };
    response.writeHead(200, fields).end(target);
  });
  const config = `
upstreams:
  own: { baseUrl: '${upstream.url}/v2', limits: { windows: [{ limit: 1000, per: 1s }] }, cache: { grace: 1h } }
  other: { baseUrl: '${upstream.url}' }
`;
  stack = await openStack('entries', { config, demo: false });
});
afterAll(async () => {
  await stack.stop();
  await upstream.close();
});

interface List {
  readonly items: Record<string, unknown>[];
  readonly next: string | null;
}

const read = (path: string): Promise<Answered> => ask(stack.dataUrl, path);
const look = (query: string): Promise<Answered> => ask(stack.adminUrl, `/v1/entries?${query}`);
const purge = (query: string): Promise<Answered> => ask(stack.adminUrl, `/v1/entries?${query}`, { method: 'DELETE' });
const found = async (query: string): Promise<unknown[]> =>
  (await look(query)).json<List & object>().items.map(({ path }) => path);

/** Stored, and not only answered. */
async function keep(...paths: readonly string[]): Promise<void> {
  for (const path of paths) await read(path);
  for (const path of paths) {
    const [, id, ...rest] = path.split('/');
    const query = `upstream=${id}&url=${encodeURIComponent(`/${rest.join('/')}`)}`;
    await vi.waitFor(async () => expect(await found(query)).toHaveLength(1), { timeout: 5_000 });
  }
}

test('an entry is shown with all that decides about it', async () => {
  await keep('/own/a/1');
  const { items, next } = (await look('upstream=own&url=/a/1')).json<List & object>();
  expect(next).toBeNull();
  expect(items).toEqual([
    {
      key: expect.stringMatching(/^[0-9a-f]{32}$/),
      url: `${upstream.url}/v2/a/1`,
      ...{ path: '/a/1', partition: 'shared', variant: '', status: 200, state: 'fresh', knownStale: false },
      version: { fence: expect.any(Number), send: expect.any(Number) },
      ...{ ageMs: expect.any(Number), ttlMs: expect.any(Number) },
      ...{ requestedAt: expect.stringMatching(/Z$/), receivedAt: expect.stringMatching(/Z$/) },
      ...{ bodyBytes: 7, etag: '"e"', lastModified: null, tags: ['all', 'of-v2'] },
    },
  ]);
  expect(await found(`upstream=own&url=${upstream.url}/v2/a/1`)).toEqual(['/a/1']);
});

test('what is known to have changed, or was written, is shown as that', async () => {
  await keep('/other/s/1', '/other/s/2');
  await ask(stack.dataUrl, '/other/s/2', { method: 'PUT', body: 'x' });
  expect((await look('upstream=other&url=/s/2')).json<List & object>().items).toMatchObject([{ state: 'invalid' }]);
  let release = (): void => undefined;
  gate = new Promise((resolve) => (release = resolve));
  await ask(stack.adminUrl, '/v1/upstreams/other/refresh', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{"path":"/s/1"}',
  });
  await vi.waitFor(async () =>
    expect((await look('upstream=other&url=/s/1')).json<List & object>().items).toMatchObject([
      { state: 'stale', knownStale: true },
    ]),
  );
  gate = undefined;
  release();
});

test('lists come by page, in the order of paths, and by tag', async () => {
  await keep('/own/p/3', '/own/p/1', '/own/p/2', '/own/pq');
  const first = (await look('upstream=own&prefix=/p/&limit=2')).json<List & object>();
  expect(first.items.map(({ path }) => path)).toEqual(['/p/1', '/p/2']);
  expect(await found(`upstream=own&prefix=/p/&limit=2&cursor=${first.next}`)).toEqual(['/p/3']);
  await keep('/other/t/1');
  expect(await found('upstream=other&tag=of-t')).toEqual(['/t/1']);
  expect(await found('upstream=own&tag=of-t')).toEqual([]);
});

test('what is purged is asked for again, and nothing else is', async () => {
  await keep('/own/x/1', '/own/x/2', '/own/y/1');
  const purged = await purge('upstream=own&prefix=/x/');
  expect(purged.status).toBe(202);
  expect(purged.json()).toEqual({ purged: 2 });
  await vi.waitFor(async () => expect(await found('upstream=own&prefix=/x/')).toEqual([]));
  await vi.waitFor(async () => expect(cacheStatusOf(await read('/own/x/1'))).toMatch(/^fwd=uri-miss/));
  expect(cacheStatusOf(await read('/own/y/1'))).toMatch(/^hit/);
  await keep('/other/z/1');
  expect((await purge('upstream=other&tag=of-z')).json()).toEqual({ purged: 1 });
  await vi.waitFor(async () => expect(await found('upstream=other&tag=of-z')).toEqual([]));
});

test('what is on its way when it is purged does not come back', async () => {
  let release = (): void => undefined;
  gate = new Promise((resolve) => (release = resolve));
  const asked = read('/own/w/1');
  await vi.waitFor(() => expect(upstream.callsAt('/v2/w/1')).toHaveLength(1));
  // Marked as after a write: that is how what is on its way is known.
  const text = `select 1 from "${stack.namespace}".invalid`;
  const marks = (): Promise<number> =>
    withClient(stack.postgresUrl, async (client) => (await client.query(text)).rowCount ?? 0);
  const before = await marks();
  await purge('upstream=own&url=/w/1');
  await vi.waitFor(async () => expect(await marks()).toBe(before + 1), { timeout: 5_000 });
  gate = undefined;
  release();
  expect((await asked).status).toBe(200);
  expect(cacheStatusOf(await asked)).toBe('fwd=uri-miss; fwd-status=200');
  expect(cacheStatusOf(await read('/own/w/1'))).toMatch(/^fwd=uri-miss/);
});

test.each([
  '',
  'upstream=own',
  'upstream=own&url=/a&tag=b',
  'url=/a',
  'upstream=own&url=http://elsewhere/',
  'upstream=own&tag=a&other=b',
])('%j is refused', async (query) => {
  for (const answer of [await look(query), await purge(query)]) {
    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({ type: 'urn:penstock:invalid_input' });
  }
});

test('an upstream that is not there is a 404', async () => {
  expect((await look('upstream=nowhere&tag=a')).status).toBe(404);
});
