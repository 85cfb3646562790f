import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ask, type Answered } from './asking.js';
import { openStack, type OpenStack } from './open-stack.js';
import { startOwnUpstream, type OwnUpstream } from './own-upstream.js';

interface Letter {
  id: string;
  url: string;
  method: string;
  reason: string;
  history: { at: string; outcome: string; waitedMs?: number }[];
  requeueable: boolean;
}

const told: { subject: string; path: string; cause: string }[] = [];
let stack: OpenStack;
let upstream: OwnUpstream;
let isIll = true;

beforeAll(async () => {
  upstream = await startOwnUpstream();
  upstream.on('/', (call, response) => {
    if (!isIll) return response.writeHead(200, { 'Cache-Control': 'max-age=3600' }).end('well');
    if (call.target === '/broken') return response.destroy();
    return response.writeHead(500).end();
  });
  stack = await openStack('dead', { config: configFor(upstream.url), demo: false, replicas: { scheduler: 1 } });
  const nc = await connect({ servers: stack.natsUrl });
  nc.subscribe(`${stack.namespace}.event.fetch.*`, {
    callback: (_, msg) =>
      void told.push({ subject: msg.subject.split('.').at(-1) ?? '', ...msg.json<{ path: string; cause: string }>() }),
  });
  await vi.waitFor(async () => expect(await letters()).toHaveLength(3), WITHIN);
  // It would remind of them again, and what is given up again is told by a letter anew.
  await stack.halt('scheduler');
  await quiet();
  isIll = false;
  return () => nc.close();
});
afterAll(async () => {
  await stack.stop();
  await upstream.close();
});

const WITHIN = { timeout: 15_000, interval: 50 };

function configFor(url: string): string {
  return `
upstreams:
  own:
    baseUrl: ${url}
    retry:
      status: { policy: fixed, base: 60ms, maxAttempts: 3 }
      network: { policy: none, maxAttempts: 2 }
      budget: 100%
    refresh: { maxAge: 1h, resources: [ "/failing/1", "/failing/2", "/broken" ] }
`;
}

const get = (path: string): Promise<Answered> => ask(stack.adminUrl, path);
const post = (path: string): Promise<Answered> => ask(stack.adminUrl, path, { method: 'POST' });
const letters = async (query = ''): Promise<Letter[]> =>
  (await get(`/v1/dead${query}`)).json<{ items: Letter[] }>().items;

async function letterOf(path: string): Promise<Letter> {
  const found = (await letters()).find(({ url }) => url === upstream.url + path);
  if (found === undefined) throw new Error(`expected a letter of ${path}, found ${JSON.stringify(await letters())}`);
  return found;
}

/** Until what was under way has ended: the same letters twice in a row, with nothing sent between. */
async function quiet(): Promise<void> {
  let before = '';
  await vi.waitFor(
    async () => {
      const now = JSON.stringify([upstream.calls.length, (await letters()).map(({ id }) => id)]);
      const wasBefore = before;
      before = now;
      expect(now).toBe(wasBefore);
    },
    { timeout: 10_000, interval: 500 },
  );
}

test('a planned refresh whose attempts are used up is given up, with what became of each', async () => {
  const { method, reason, history, requeueable } = await letterOf('/failing/1');
  expect({ method, reason, requeueable }).toEqual({
    method: 'GET',
    reason: 'given-up: max-attempts: status 500',
    requeueable: true,
  });
  const [enqueued, ...attempts] = history.slice(0, -1);
  expect(enqueued?.outcome).toBe('enqueued');
  expect(attempts.map(({ outcome }) => outcome)).toEqual(['status 500', 'status 500', 'status 500']);
  expect(attempts[1]?.waitedMs).toBeGreaterThanOrEqual(55);
});

test('a call without an answer is given up by its own policy, and told failed once for each time', async () => {
  const { reason, history } = await letterOf('/broken');
  expect(reason).toMatch(/^given-up: max-attempts: incomplete_answer: /);
  const outcomes = history.map(({ outcome }) => outcome);
  expect(outcomes.slice(1, -1)).toEqual(['incomplete_answer', 'incomplete_answer']);
  const failures = told.filter(({ subject, path }) => subject === 'failed' && path === '/broken');
  expect(failures.length).toBeGreaterThanOrEqual(1);
  // Each piece of work is the cause of one end.
  expect(new Set(failures.map(({ cause }) => cause)).size).toBe(failures.length);
});

test('a list is told in pages', async () => {
  const first = (await get('/v1/dead?upstream=own&limit=2')).json<{ items: Letter[]; next: string }>();
  const second = (await get(`/v1/dead?upstream=own&cursor=${first.next}`)).json<{ items: Letter[]; next: null }>();
  expect([first.items.length, second.items.length, second.next]).toEqual([2, 1, null]);
  expect(new Set([...first.items, ...second.items].map(({ url }) => url)).size).toBe(3);
  expect(await letters('?upstream=nobody')).toEqual([]);
  expect((await get('/v1/dead?cursor=eA')).status).toBe(400);
});

test('requeued work is fetched, and its letter goes', async () => {
  const { id } = await letterOf('/failing/1');
  const before = upstream.callsAt('/failing/1').length;
  expect((await post(`/v1/dead/${id}/requeue`)).status).toBe(202);
  await vi.waitFor(async () => expect((await post(`/v1/dead/${id}/requeue`)).status).toBe(404), WITHIN);
  expect(upstream.callsAt('/failing/1')).toHaveLength(before + 1);
  expect((await ask(stack.dataUrl, '/own/failing/1')).field('Cache-Status')).toMatch(/hit/);
});

test('what is queued already is not queued twice', async () => {
  const { id } = await letterOf('/failing/2');
  const pause = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"for":"30s"}' };
  await ask(stack.adminUrl, '/v1/upstreams/own/pause', pause);
  const before = upstream.callsAt('/failing/2').length;
  expect((await post(`/v1/dead/${id}/requeue`)).status).toBe(202);
  const again = await post(`/v1/dead/${id}/requeue`);
  expect([again.status, again.json()['type']]).toEqual([409, 'urn:penstock:already_queued']);
  await post('/v1/upstreams/own/resume');
  await vi.waitFor(async () => expect((await letters()).map((letter) => letter.id)).not.toContain(id), WITHIN);
  expect(upstream.callsAt('/failing/2')).toHaveLength(before + 1);
});

test('what is not there cannot be requeued', async () => {
  for (const id of ['999999', 'nothing', '0']) {
    const { status, json } = await post(`/v1/dead/${id}/requeue`);
    expect([status, json()['type']]).toEqual([404, 'urn:penstock:not_found']);
  }
});
