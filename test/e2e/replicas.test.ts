import { getPriority } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, cacheStatusOf } from './asking.js';
import { openStack, type OpenStack } from './open-stack.js';

const config = `
upstreams:
  demo:
    baseUrl: http://127.0.0.1:\${PENSTOCK_DEMO_PORT}
    limits: { windows: [{ limit: 1000, per: 1s }] }
  planned:
    baseUrl: http://127.0.0.1:\${PENSTOCK_DEMO_PORT}
    limits: { windows: [{ limit: 1000, per: 1s }], concurrency: 64 }
    refresh: { maxAge: 500ms, resources: ['/items/{201..230}'] }
`;

let stack: OpenStack;
let one: string;
let other: string;
beforeAll(async () => {
  stack = await openStack('replicas', { config, replicas: { 'cache-api': 2 } });
  [one = '', other = ''] = stack.dataUrls;
});
afterAll(() => stack.stop());

test('an entry outlives the process that asked for it: it is answered from PostgreSQL, without a call', async () => {
  const first = await ask(other, '/demo/items/1');
  await stack.restart('cache-api-2');
  const again = await ask(other, '/demo/items/1');
  expect(cacheStatusOf(again)).toMatch(/^hit; ttl=\d+$/);
  expect(again.body).toEqual(first.body);
  expect(await stack.judge.arrivals('/items/1')).toHaveLength(1);
});

test('services that nobody waits for leave the processor to those that answer', () => {
  const priorityOf = (name: string): number => getPriority(stack.pid(name));
  expect(['cache-api', 'dispatcher'].map(priorityOf)).toEqual([getPriority(), getPriority()]);
  expect(['scheduler', 'refresher'].map(priorityOf)).toEqual([10, 10]);
});

test('an entry that one replica asked for is a hit at the other', async () => {
  await ask(one, '/demo/items/2');
  expect(cacheStatusOf(await ask(other, '/demo/items/2'))).toMatch(/^hit; ttl=\d+$/);
});

test('200 clients who ask two replicas for one cold key make one call, and all get its answer', async () => {
  await stack.judge.reshape({ faults: { slowMs: 1_000 } });
  await stack.judge.fault('slow', '/items/3');
  const clients = Array.from({ length: 200 }, (_, i) => ask(i % 2 === 0 ? one : other, '/demo/items/3'));
  const answers = await Promise.all(clients);
  expect(await stack.judge.arrivals('/items/3')).toHaveLength(1);
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  const told = answers.map(cacheStatusOf);
  expect(told.filter((status) => status === 'fwd=uri-miss; fwd-status=200; stored')).toHaveLength(1);
  expect(told.filter((status) => status === 'fwd=uri-miss; fwd-status=200; stored; collapsed')).toHaveLength(199);
});

test('what was written is read at once on the other replica, whatever refreshes are under way', async () => {
  const reading = keepReading();
  try {
    for (let round = 0; round < 30; round += 1) {
      const path = `/planned/items/${201 + (round % 10)}`;
      const [writer, reader] = round % 2 === 0 ? [one, other] : [other, one];
      const written = await ask(writer, path, { method: 'PUT', body: JSON.stringify({ round }) });
      expect(written.status).toBe(200);
      const read = await ask(reader, path);
      expect(read.json()).toMatchObject({ round, version: written.json()['version'] });
    }
  } finally {
    await reading.stop();
  }
  // Else there was nothing that could have come in between.
  const refreshes = (await stack.judge.arrivals()).filter(
    ({ method, path }) => method === 'GET' && path.startsWith('/items/20'),
  );
  expect(refreshes.length).toBeGreaterThan(60);
});

test('a POST is sent once, and its answer passed on', async () => {
  const created = await ask(one, '/demo/items/30/notes', note('once'));
  expect(created.status).toBe(201);
  expect(created.field('Location')).toMatch(/^\/items\/30\/notes\/\d+$/);
  expect(cacheStatusOf(created)).toBe('fwd=method; fwd-status=201');
  expect((await stack.judge.posts())['once']).toMatchObject({ seen: 1 });
});

test('a POST whose connection breaks is told as of unknown outcome, and is not sent again', async () => {
  await stack.judge.fault('reset', '/items/31/notes');
  const broken = await ask(one, '/demo/items/31/notes', note('broken'));
  expect(broken.status).toBe(504);
  expect(broken.json()).toMatchObject({ type: 'urn:penstock:outcome_unknown', upstream: 'demo' });
  expect(broken.json<{ detail: string }>().detail).toContain('outcome unknown');
  expect((await stack.judge.posts())['broken']).toMatchObject({ seen: 1 });
});

test('a write of unknown outcome makes what is stored of its URL invalid', async () => {
  await ask(one, '/demo/items/32');
  await ask(other, '/demo/items/32');
  await stack.judge.fault('reset', '/items/32');
  const broken = await ask(one, '/demo/items/32', { method: 'PATCH', body: '{"maybe":true}' });
  expect(broken.status).toBe(504);
  expect(cacheStatusOf(await ask(other, '/demo/items/32'))).toMatch(/^fwd=.*; stored$/);
});

test('a GET whose connection breaks is sent again', async () => {
  await stack.judge.fault('reset', '/items/33');
  const answer = await ask(one, '/demo/items/33');
  expect(answer.status).toBe(200);
  expect((await stack.judge.arrivals('/items/33')).map(({ status }) => status)).toEqual([-1, 200]);
});

test('a POST with an Idempotency-Key whose connection breaks is sent again', async () => {
  await stack.judge.fault('reset', '/items/34/notes');
  const headers = { 'Idempotency-Key': 'keyed' };
  const answer = await ask(one, '/demo/items/34/notes', { ...note('keyed'), headers });
  expect(answer.status).toBe(201);
  expect((await stack.judge.posts())['keyed']).toMatchObject({ seen: 2 });
});

function note(id: string): { method: string; body: string } {
  return { method: 'POST', body: JSON.stringify({ id, text: 'a note' }) };
}

/** Clients that do not believe the cache, beside the refreshes of the schedule: some call is always under way. */
function keepReading(): { stop(): Promise<void> } {
  let isOver = false;
  const reader = async (from: string, first: number): Promise<void> => {
    for (let i = first; !isOver; i += 1)
      await ask(from, `/planned/items/${201 + (i % 10)}`, { headers: { 'Cache-Control': 'no-cache' } });
  };
  const readers = [reader(one, 0), reader(other, 3), reader(one, 6)];
  return {
    async stop() {
      isOver = true;
      await Promise.all(readers);
    },
  };
}
