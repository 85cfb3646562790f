import { get as openStream } from 'node:http';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { ask, type Answered } from './asking.js';
import { openStack, type OpenStack } from './open-stack.js';

const config = `
upstreams:
  demo:
    baseUrl: http://127.0.0.1:\${PENSTOCK_DEMO_PORT}
    limits: { windows: [{ limit: 1000, per: 1s }, { limit: 30000, per: 1m }] }
  other: { baseUrl: "http://127.0.0.1:\${PENSTOCK_DEMO_PORT}" }
  third: { baseUrl: "http://127.0.0.1:\${PENSTOCK_DEMO_PORT}" }
`;

let stack: OpenStack;
beforeAll(async () => {
  stack = await openStack('control plane', { config });
  // From here on the upstream is held, and told of four times a second.
  await ask(stack.dataUrl, '/demo/items/1');
  await vi.waitFor(async () => expect((await get('/v1/upstreams/demo')).json()['state']).toBe('flowing'), 10_000);
});
afterAll(() => stack.stop());

const get = (path: string, headers: Record<string, string> = {}): Promise<Answered> =>
  ask(stack.adminUrl, path, { headers });
const post = (path: string, type: string, body: string): Promise<Answered> =>
  ask(stack.adminUrl, path, { method: 'POST', headers: { 'Content-Type': type }, body });
const order = (path: string, body: object = {}): Promise<Answered> =>
  post(path, 'application/json', JSON.stringify(body));
const register = (type: string, lines: readonly string[]): Promise<Answered> =>
  post('/v1/upstreams/demo/resources', type, lines.join('\n'));
const ndjson = (...lines: object[]): Promise<Answered> =>
  register(
    'application/x-ndjson',
    lines.map((line) => JSON.stringify(line)),
  );
const listed = async (query = ''): Promise<Record<string, unknown>[]> =>
  (await get(`/v1/upstreams/demo/resources${query}`)).json<{ items: Record<string, unknown>[] }>().items;
const remove = (query: string): Promise<Answered> =>
  ask(stack.adminUrl, `/v1/upstreams/demo/resources?${query}`, { method: 'DELETE' });

test('an upstream is told with the fields of the contract', async () => {
  const page = (await get('/v1/upstreams/demo')).json();
  expect(Object.keys(page)).toEqual([
    ...['id', 'state', 'pausedUntil', 'quotaResetAt', 'pauseReason', 'holder', 'limits', 'tokens', 'queued'],
    ...['inFlight', 'calls', 'throttles', 'breaker', 'scopes'],
  ]);
  expect(page).toEqual({
    id: 'demo',
    state: 'flowing',
    ...{ pausedUntil: null, quotaResetAt: null, pauseReason: null, breaker: { state: 'closed', shed: 0 } },
    holder: expect.stringMatching(/^dispatcher-/),
    limits: {
      configured: [
        { limit: 1000, perMs: 1000 },
        { limit: 30_000, perMs: 60_000 },
      ],
      learned: null,
    },
    tokens: expect.any(Number),
    queued: { now: 0, soon: 0, later: 0 },
    inFlight: 0,
    calls: expect.any(Number),
    throttles: 0,
    scopes: [{ scope: 'upstream', state: 'flowing', pausedUntil: null }],
  });
});

test('upstreams are listed by pages', async () => {
  const first = (await get('/v1/upstreams?limit=2')).json<{ items: { id: string }[]; next: string | null }>();
  expect(first.items.map(({ id }) => id)).toEqual(['demo', 'other']);
  const second = (await get(`/v1/upstreams?limit=2&cursor=${first.next}`)).json<typeof first>();
  expect(second.items.map(({ id }) => id)).toEqual(['third']);
  expect(second.next).toBeNull();
});

test('a pause by hand holds calls until it is resumed by hand', async () => {
  const before = Date.now();
  const paused = (await order('/v1/upstreams/demo/pause', { for: '30s' })).json<Record<string, string>>();
  expect(paused).toMatchObject({ id: 'demo', state: 'paused', pauseReason: 'by hand' });
  expect(Date.parse(paused['pausedUntil'] ?? '')).toBeGreaterThan(before + 29_000);
  const held = ask(stack.dataUrl, '/demo/items/2', { headers: { Prefer: 'wait=60' } });
  const resumed = await order('/v1/upstreams/demo/resume');
  expect(resumed.status).toBe(200);
  expect(resumed.json()['state']).not.toBe('paused');
  expect((await held).status).toBe(200);
});

test('a pause without a length is refused with what was expected', async () => {
  expectProblem(await order('/v1/upstreams/demo/pause', { for: 30 }), 400, 'invalid_input', '{"for": "30s"}');
});

test('resources are added in bulk; bad lines are told by number, good ones kept', async () => {
  await remove('all=true');
  const answer = await register('application/x-ndjson', [
    '{"path":"/items/21","maxAge":"30s","weight":2,"tags":["hot"]}',
    '{"path":"items/22"}',
    'not json',
    '{"path":"/items/23"}',
    '{"path":"/items/24","maxAge":"soon"}',
    '{"path":"/items/../25"}',
  ]);
  expect(answer.status).toBe(200);
  const { added, updated, rejected } = answer.json<{ added: number; updated: number; rejected: { line: number }[] }>();
  expect({ added, updated }).toEqual({ added: 2, updated: 0 });
  expect(rejected.map(({ line }) => line)).toEqual([2, 3, 5, 6]);
  expect(rejected).toContainEqual({ line: 5, error: expect.stringContaining('maxAge') });
  expect(await listed()).toEqual([
    { path: '/items/21', maxAgeMs: 30_000, weight: 2, tags: ['hot'], source: 'api' },
    { path: '/items/23', maxAgeMs: null, weight: 1, tags: [], source: 'api' },
  ]);
});

test('resources are added as CSV', async () => {
  await remove('all=true');
  const answer = await register('text/csv', ['path,maxAge,weight,tags', '/items/31,1m,3,a;b', '/items/32,,none,']);
  expect(answer.json()).toEqual({
    added: 1,
    updated: 0,
    rejected: [{ line: 3, error: expect.stringContaining('weight') }],
  });
  expect(await listed()).toEqual([{ path: '/items/31', maxAgeMs: 60_000, weight: 3, tags: ['a', 'b'], source: 'api' }]);
});

test('a resource that is registered again is updated', async () => {
  await remove('all=true');
  await ndjson({ path: '/items/41' });
  expect((await ndjson({ path: '/items/41', weight: 5 })).json()).toMatchObject({ added: 0, updated: 1 });
  expect(await listed()).toMatchObject([{ path: '/items/41', weight: 5 }]);
});

test('another content type is refused with those that are taken', async () => {
  expectProblem(await register('application/json', ['{}']), 400, 'invalid_input', 'application/x-ndjson or text/csv');
});

test('resources are listed by pages, and removed by path, prefix or all', async () => {
  await remove('all=true');
  await ndjson(...['/a/1', '/a/2', '/b/1', '/b/2', '/c'].map((path) => ({ path })));
  const pages: unknown[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const page = await get(`/v1/upstreams/demo/resources?limit=2${query}`);
    const { items, next } = page.json<{ items: { path: string }[]; next: string | null }>();
    pages.push(items.map(({ path }) => path));
    cursor = next;
  }
  expect(pages).toEqual([['/a/1', '/a/2'], ['/b/1', '/b/2'], ['/c']]);
  expect((await remove('path=/c')).json()).toEqual({ removed: 1 });
  expect((await remove('prefix=/a/')).json()).toEqual({ removed: 2 });
  expect((await listed()).map(({ path }) => path)).toEqual(['/b/1', '/b/2']);
  expect((await remove('all=true')).json()).toEqual({ removed: 2 });
  expectProblem(await remove(''), 400, 'invalid_input', '?path=');
});

test('a resource that is registered is fetched without anyone asking for it', async () => {
  await ndjson({ path: '/items/77', maxAge: '1s' });
  await vi.waitFor(async () => expect((await stack.judge.arrivals('/items/77')).length).toBeGreaterThanOrEqual(2), {
    timeout: 10_000,
  });
  await remove('all=true');
});

test('events are told as they happen, and caught up after a loss', async () => {
  const first = await listen();
  await ask(stack.dataUrl, '/demo/items/51');
  const one = await first.until('event.entry.stored', '/items/51');
  first.close();
  await ask(stack.dataUrl, '/demo/items/52');
  await ask(stack.dataUrl, '/demo/items/53');
  const second = await listen({ 'Last-Event-ID': String(one.id) });
  await second.until('event.entry.stored', '/items/52');
  await second.until('event.fetch.answered', '/items/53');
  expect(second.heard.every(({ id }) => id > one.id)).toBe(true);
  expect(second.heard.map(({ id }) => id)).toEqual(second.heard.map(({ id }) => id).toSorted((a, b) => a - b));
});

test('a Last-Event-ID that is no id is refused', async () => {
  expectProblem(await get('/v1/events', { 'Last-Event-ID': 'x' }), 400, 'invalid_input', 'Last-Event-ID');
});

test.each([...['/', '/docs', '/asyncapi.json', '/v1/explain?url=x'], '/v1/config'])(
  '%s is not built yet, and says so',
  async (path) => {
    expectProblem(await get(path), 501, 'not_built', 'README');
  },
);

test.each(['/v1/nothing', '/v1/upstreams/nobody', '/v1/upstreams/nobody/resources'])(
  'what is not there is a problem: %s',
  async (path) => {
    const answer = await get(path);
    expect(answer.status).toBe(404);
    expect(answer.field('Content-Type')).toMatch(/^application\/problem\+json/);
    expect(answer.json()).toMatchObject({ status: 404, instance: path });
  },
);

test('on loopback a foreign Host is refused, and so is a foreign Origin', async () => {
  const { host } = new URL(stack.adminUrl);
  expectProblem(await get('/v1/upstreams', { Host: 'rebound.example' }), 403, 'forbidden', 'Host');
  expectProblem(await get('/v1/upstreams', { Host: host, Origin: 'https://evil.example' }), 403, 'forbidden', 'page');
  expect((await get('/v1/upstreams', { Host: host, Origin: stack.adminUrl })).status).toBe(200);
});

test('every service tells that it lives, that it is ready, and its metrics', async () => {
  for (const { app, url } of stack.running().filter(({ app }) => app !== 'demo-upstream')) {
    expect((await ask(url, '/health/live')).status, app).toBe(200);
    const ready = await ask(url, '/health/ready');
    expect(ready.json(), app).toMatchObject({ ready: true, dependencies: { postgres: 'up', nats: 'up' } });
    expect((await ask(url, '/metrics')).text, app).toMatch(/^penstock_/m);
  }
});

interface Heard {
  readonly id: number;
  readonly event: string;
  readonly message: { path?: string };
}

/** Follows /v1/events as a browser would. */
async function listen(headers: Record<string, string> = {}): Promise<{
  heard: Heard[];
  until(event: string, path: string): Promise<Heard>;
  close(): void;
}> {
  const heard: Heard[] = [];
  const request = openStream(`${stack.adminUrl}/v1/events`, { headers });
  onTestFinished(() => void request.destroy());
  request.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    request.once('response', (response) => {
      expect(response.headers['content-type']).toBe('text/event-stream');
      let text = '';
      response.on('error', () => undefined);
      response.on('data', (chunk: Buffer) => {
        const blocks = (text + chunk.toString()).split('\n\n');
        text = blocks.pop() ?? '';
        heard.push(...blocks.flatMap(eventOf));
        resolve();
      });
    });
  });
  const until = (event: string, path: string): Promise<Heard> =>
    vi.waitFor(() => {
      const found = heard.find((one) => one.event === event && one.message.path === path);
      if (found === undefined) throw new Error(`expected ${event} of ${path}, found ${JSON.stringify(heard)}`);
      return found;
    }, 5_000);
  return { heard, until, close: () => void request.destroy() };
}

function eventOf(block: string): Heard[] {
  const fields = new Map(block.split('\n').map((line) => [line.split(': ')[0], line.slice(line.indexOf(': ') + 2)]));
  const data = fields.get('data');
  if (data === undefined) return [];
  return [{ id: Number(fields.get('id')), event: fields.get('event') ?? '', message: JSON.parse(data) as object }];
}

function expectProblem(answer: Answered, status: number, code: string, says: string): void {
  expect(answer.json()).toMatchObject({ type: `urn:penstock:${code}`, status });
  expect(answer.status).toBe(status);
  expect(answer.field('Content-Type')).toMatch(/^application\/problem\+json/);
  expect(answer.json<{ detail: string }>().detail).toContain(says);
}
