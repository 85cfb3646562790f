import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { EventMessage } from '#contracts';
import { withClient } from '../../apps/stack/src/postgres.js';
import { ask, cacheStatusOf, ttlOf, type Answered } from './asking.js';
import { openStack, type OpenStack } from './open-stack.js';
import { startOwnUpstream, type OwnUpstream } from './own-upstream.js';

/** What the upstream has of each path; it can be asked whether that still holds, and answers when it may. */
const contents = new Map<string, string>();
const gates = new Map<string, Promise<void>>();
const tags = new Map<string, string>();

let upstream: OwnUpstream;
let stack: OpenStack;
let nc: NatsConnection;
const stored: EventMessage<'entry.stored'>[] = [];

beforeAll(async () => {
  upstream = await startOwnUpstream();
  upstream.on('/', async ({ method, target, headers, body }, response) => {
    if (method === 'PUT') contents.set(target, body.toString());
    const content = contents.get(target) ?? 'first';
    await gates.get(target);
    const etag = etagOf(content);
    const tag = tags.get(target);
    const fields = { 'Cache-Control': 'max-age=3600', ETag: etag, ...(tag === undefined ? {} : { 'Cache-Tag': tag }) };
    if (headers['if-none-match'] === etag) response.writeHead(304, fields).end();
    else response.writeHead(200, { ...fields, 'Content-Type': 'application/json' }).end(content);
  });
  const config = `
upstreams:
  own:
    baseUrl: ${upstream.url}
    limits: { windows: [{ limit: 1000, per: 1s }] }
    cache: { grace: 1h }
    refresh: { maxAge: 1h, resources: ['/planned/{1..9}'], volatileFields: [/servedAt] }
`;
  stack = await openStack('known stale', { config, demo: false });
  nc = await connect({ servers: stack.natsUrl });
  nc.subscribe(`${stack.namespace}.event.entry.stored`, { callback: (_, msg) => void stored.push(msg.json()) });
  await vi.waitFor(() => expect(callsOfPlanned()).toBe(9), { timeout: 30_000 });
});
afterAll(async () => {
  await nc.close();
  await stack.stop();
  await upstream.close();
});

const etagOf = (content: string): string => `"${Buffer.from(content).toString('base64url')}"`;
const callsOfPlanned = (): number => upstream.calls.filter(({ target }) => target.startsWith('/planned/')).length;
const get = (path: string): Promise<Answered> => ask(stack.dataUrl, `/own${path}`);
const tell = (body: unknown, id = 'own'): Promise<Answered> =>
  ask(stack.adminUrl, `/v1/upstreams/${id}/refresh`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
const order = (what: 'pause' | 'resume', body: object = {}): Promise<Answered> =>
  ask(stack.adminUrl, `/v1/upstreams/own/${what}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
const storedOf = (path: string): EventMessage<'entry.stored'>[] => stored.filter((event) => event.path === path);

/** The answers of the upstream for this path wait until it is called. */
function holdBack(path: string): () => void {
  let release = (): void => undefined;
  gates.set(path, new Promise((resolve) => (release = resolve)));
  return () => {
    gates.delete(path);
    release();
  };
}

async function calls(path: string, count: number): Promise<void> {
  await vi.waitFor(() => expect(upstream.callsAt(path)).toHaveLength(count), { timeout: 10_000 });
}

async function becomes(path: string, content: string): Promise<Answered> {
  return vi.waitFor(
    async () => {
      const answer = await get(path);
      expect(answer.text).toBe(content);
      return answer;
    },
    { timeout: 10_000 },
  );
}

test('what has changed is asked for at once, also where nobody plans or reads it, and is stale until then', async () => {
  await get('/free/1');
  const release = holdBack('/free/1');
  contents.set('/free/1', 'second');
  const told = await tell({ path: '/free/1' });
  expect(told.status).toBe(202);
  expect(told.json()).toEqual({ marked: 1 });
  await calls('/free/1', 2);
  expect(upstream.callsAt('/free/1')[1]?.headers['if-none-match']).toBe(etagOf('first'));
  const stale = await get('/free/1');
  expect(stale.text).toBe('first');
  expect(cacheStatusOf(stale)).toMatch(/^hit; ttl=(-\d+|0)$/);
  release();
  await becomes('/free/1', 'second');
  expect(ttlOf(await get('/free/1'))).toBeGreaterThan(3_000);
  expect(upstream.callsAt('/free/1')).toHaveLength(2);
});

test('what has changed and is planned is asked for long before it is due', async () => {
  contents.set('/planned/1', 'second');
  await tell({ path: '/planned/1' });
  await calls('/planned/1', 2);
  await becomes('/planned/1', 'second');
});

test('what turns out not to have changed is fresh again', async () => {
  await get('/free/2');
  await tell({ path: '/free/2' });
  await calls('/free/2', 2);
  await vi.waitFor(async () => expect(ttlOf(await get('/free/2'))).toBeGreaterThan(3_000), { timeout: 5_000 });
});

test.each(['/free/3', '/planned/2'])(
  'a change that is told while an older answer is on its way is not lost (%s)',
  async (path) => {
    const before = upstream.callsAt(path).length;
    const release = holdBack(path);
    const asked = path.startsWith('/planned')
      ? ask(stack.dataUrl, `/own${path}`, { headers: { 'Cache-Control': 'no-cache' } })
      : get(path);
    await calls(path, before + 1);
    contents.set(path, 'second');
    // What it was on its way to say stands already.
    expect((await tell({ path })).json()).toEqual({ marked: 1 });
    await vi.waitFor(async () => expect(await marksOf(path)).toBe(1), { timeout: 5_000 });
    release();
    expect((await asked).text).toBe('first');
    await becomes(path, 'second');
    await vi.waitFor(() => expect(storedOf(path).at(-1)?.bodyBytes).toBe('second'.length));
    expect(storedOf(path).at(-1)?.knownStale).toBeUndefined();
    // Of what is planned the newer answer may have come first; then the older is not stored at all.
    if (path.startsWith('/free')) expect(storedOf(path).map(({ knownStale }) => knownStale)).toEqual([true, undefined]);
  },
);

test('a prefix and a tag mean all that is stored or registered under them, and nothing else', async () => {
  tags.set('/shop/1', 'a, b').set('/shop/2', 'b');
  for (const path of ['/shop/1', '/shop/2', '/shop/3', '/shopping']) await get(path);
  await vi.waitFor(() => expect(storedOf('/shopping')).toHaveLength(1));
  expect((await tell({ tag: 'a' })).json()).toEqual({ marked: 1 });
  await calls('/shop/1', 2);
  expect((await tell({ tag: 'b' })).json()).toEqual({ marked: 2 });
  await calls('/shop/1', 3);
  await calls('/shop/2', 2);
  expect((await tell({ prefix: '/shop/' })).json()).toEqual({ marked: 3 });
  await calls('/shop/3', 2);
  expect((await tell({ tag: 'nobody' })).json()).toEqual({ marked: 0 });
  expect((await tell({ prefix: '/planned/' })).json()).toEqual({ marked: 9 });
  expect(upstream.callsAt('/shopping')).toHaveLength(1);
});

test('the tags of a resource count as well', async () => {
  await ask(stack.adminUrl, '/v1/upstreams/own/resources', {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-ndjson' },
    body: JSON.stringify({ path: '/registered/1', tags: ['registered'] }),
  });
  // What is new in the plan has its turn within ten seconds.
  await vi.waitFor(() => expect(upstream.callsAt('/registered/1')).toHaveLength(1), { timeout: 20_000 });
  expect((await tell({ tag: 'registered' })).json()).toEqual({ marked: 1 });
  await calls('/registered/1', 2);
});

test.each([
  [{}, 400],
  [{ path: '/a', tag: 'b' }, 400],
  [{ path: 'a' }, 400],
  [{ path: '/../a' }, 400],
  [{ prefix: '' }, 400],
  [{ tag: 'a b' }, 400],
  [{ tag: 7 }, 400],
  [[], 400],
])('%j is refused with %i', async (body, status) => {
  const answer = await tell(body);
  expect(answer.status).toBe(status);
  expect(answer.json()).toMatchObject({ type: 'urn:penstock:invalid_input' });
});

test('an upstream that is not there is a 404', async () => {
  const answer = await tell({ path: '/a' }, 'nowhere');
  expect(answer.status).toBe(404);
  expect(answer.json()).toMatchObject({ type: 'urn:penstock:unknown_upstream' });
});

test.each(['/free/4', '/planned/3'])(
  'a change that was marked and not yet fetched outlives kill -9 of all services (%s)',
  async (path) => {
    await get(path);
    await vi.waitFor(() => expect(storedOf(path)).not.toEqual([]));
    const before = upstream.callsAt(path).length;
    await order('pause', { for: '1m' });
    contents.set(path, 'second');
    await tell({ path });
    await vi.waitFor(async () => expect(await marksOf(path)).toBe(1), { timeout: 5_000 });
    const services = ['cache-api', 'scheduler', 'refresher', 'dispatcher'];
    await Promise.all(services.map((name) => stack.kill(name)));
    await Promise.all(services.map((name) => stack.ready(name)));
    const stale = await vi.waitFor(async () => {
      const answer = await get(path);
      expect(`${answer.status} ${cacheStatusOf(answer)}`, answer.text).toMatch(
        /^200 hit; ttl=(-\d+|0); detail=paused$/,
      );
      return answer;
    });
    expect(stale.text).toBe('first');
    expect(upstream.callsAt(path)).toHaveLength(before);
    await vi.waitFor(async () => expect((await order('resume')).status).toBe(200), { timeout: 20_000 });
    await becomes(path, 'second');
  },
);

test('a change that is told while no holder is there is marked by the next', async () => {
  await get('/free/5');
  await vi.waitFor(() => expect(storedOf('/free/5')).toHaveLength(1));
  await stack.halt('dispatcher');
  contents.set('/free/5', 'second');
  expect((await tell({ path: '/free/5' })).status).toBe(202);
  await stack.start('dispatcher');
  await becomes('/free/5', 'second');
});

test('what is planned is fetched anew at once after a write', async () => {
  await get('/planned/4');
  const before = upstream.callsAt('/planned/4').length;
  await ask(stack.dataUrl, '/own/planned/4', { method: 'PUT', body: 'written' });
  await calls('/planned/4', before + 2);
  expect(upstream.callsAt('/planned/4').at(-1)?.method).toBe('GET');
  expect(upstream.callsAt('/planned/4').at(-1)?.headers['if-none-match']).toBeUndefined();
});

test('a body that differs in nothing but its volatile fields has not changed', async () => {
  const told = async (content: string): Promise<boolean | undefined> => {
    const before = storedOf('/free/6').length;
    contents.set('/free/6', content);
    await ask(stack.dataUrl, '/own/free/6', { headers: { 'Cache-Control': 'no-cache' } });
    await vi.waitFor(() => expect(storedOf('/free/6')).toHaveLength(before + 1));
    return storedOf('/free/6').at(-1)?.changed;
  };
  await told('{"servedAt":1,"price":10}');
  expect(await told('{ "price": 10, "servedAt": 2 }')).toBe(false);
  expect(await told('{"servedAt":2,"price":11}')).toBe(true);
  expect(await told('{"price":11}')).toBe(false);
});

async function marksOf(path: string): Promise<number> {
  return withClient(stack.postgresUrl, async (client) => {
    const text = `select 1 from "${stack.namespace}".known_stale where path = $1`;
    return (await client.query(text, [path])).rowCount ?? 0;
  });
}
