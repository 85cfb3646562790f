import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { keyOf } from '#core';
import { ask } from './asking.js';
import { openStack, type OpenStack } from './open-stack.js';

const config = `
upstreams:
  demo:
    baseUrl: http://127.0.0.1:\${PENSTOCK_DEMO_PORT}
    cache: { ttl: 1s, grace: 1h, profile: proxy }
`;

let stack: OpenStack;
let nc: NatsConnection;
const told = new Map<string, number>();

beforeAll(async () => {
  stack = await openStack('reads', {
    ...{ config, env: { PENSTOCK_WORKERS: '2' } },
    replicas: { scheduler: 0, refresher: 0 },
  });
  nc = await connect({ servers: stack.natsUrl });
  nc.subscribe(`${stack.namespace}.stat.reads`, {
    callback: (_, msg) => {
      for (const [key, reads] of msg.json<{ counts: [string, number][] }>().counts)
        told.set(key, (told.get(key) ?? 0) + reads);
    },
  });
  await nc.flush();
});
afterAll(async () => {
  await nc.close();
  await stack.stop();
});

const readsOf = (path: string): number | undefined =>
  told.get(keyOf({ upstream: 'demo', url: stack.demoUrl + path, partition: 'shared', variant: '' }));

test('misses, hits, ranges, conditions, HEADs and calls of programs are counted, whichever worker answers; writes are not', async () => {
  const path = '/items/1';
  const first = await ask(stack.dataUrl, `/demo${path}`);
  expect(first.field('Cache-Status')).toContain('fwd=uri-miss');
  for (let i = 0; i < 10; i += 1) await ask(stack.dataUrl, `/demo${path}`, { headers: { Connection: 'close' } });
  expect((await ask(stack.dataUrl, `/demo${path}`, { headers: { Range: 'bytes=0-4' } })).status).toBe(206);
  const condition = { 'If-None-Match': first.field('ETag') ?? '' };
  expect((await ask(stack.dataUrl, `/demo${path}`, { headers: condition })).status).toBe(304);
  expect((await ask(stack.dataUrl, `/demo${path}`, { method: 'HEAD' })).status).toBe(200);
  await nc.request(`${stack.namespace}.fetch.demo`, JSON.stringify({ method: 'GET', path }), { timeout: 10_000 });
  await ask(stack.dataUrl, '/demo/items/1/notes', { method: 'POST', body: '{}' });
  await vi.waitFor(() => expect(readsOf(path)).toBe(15), { timeout: 5_000 });
  expect(told.size).toBe(1);
});

test('a range of what is not stored is counted, too', async () => {
  await ask(stack.dataUrl, '/demo/items/2', { headers: { Range: 'bytes=0-4' } });
  await vi.waitFor(() => expect(readsOf('/items/2')).toBe(1), { timeout: 5_000 });
});

test('stale answers are counted', async () => {
  const path = '/items/300'; // about which the upstream says nothing
  let asked = 0;
  await vi.waitFor(
    async () => {
      const { field } = await ask(stack.dataUrl, `/demo${path}`);
      asked += 1;
      expect(field('Cache-Status')).toMatch(/hit; ttl=-/);
    },
    { timeout: 10_000, interval: 200 },
  );
  await vi.waitFor(() => expect(readsOf(path)).toBe(asked), { timeout: 5_000 });
});
