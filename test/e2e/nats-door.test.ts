import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ask } from './asking.js';
import { openStack, type OpenStack } from './open-stack.js';

const config = `
upstreams:
  demo:
    baseUrl: http://127.0.0.1:\${PENSTOCK_DEMO_PORT}
    limits: { windows: [{ limit: 1000, per: 1s }] }
`;

let stack: OpenStack;
let nc: NatsConnection;
beforeAll(async () => {
  stack = await openStack('nats door', { config, replicas: { scheduler: 0, refresher: 0 } });
  nc = await connect({ servers: stack.natsUrl });
});
afterAll(async () => {
  await nc.close();
  await stack.stop();
});

interface Reply {
  status: number;
  headers: [string, string][];
  body64: string;
}

async function askDoor(upstream: string, request: object): Promise<Reply> {
  const subject = `${stack.namespace}.fetch.${upstream}`;
  return (await nc.request(subject, JSON.stringify(request), { timeout: 15_000 })).json<Reply>();
}

const fieldOf = ({ headers }: Reply, name: string): string | undefined =>
  headers.find(([one]) => one.toLowerCase() === name)?.[1];
const textOf = ({ body64 }: Reply): string => Buffer.from(body64, 'base64').toString();

test('an answer for later could not be fetched through the door: there the preference is not applied', async () => {
  const asked = { method: 'GET', path: '/items/90', headers: { Prefer: 'respond-async' } };
  const reply = await askDoor('demo', asked);
  expect(reply.status).toBe(200);
  expect(fieldOf(reply, 'preference-applied')).toBeUndefined();
});

test('the door answers what the data plane answers, from the same entries', async () => {
  const reply = await askDoor('demo', { method: 'GET', path: '/items/1' });
  expect(reply.status).toBe(200);
  expect(fieldOf(reply, 'cache-status')).toBe('penstock; fwd=uri-miss; fwd-status=200; stored');
  const overHttp = await ask(stack.dataUrl, '/demo/items/1');
  expect(overHttp.field('Cache-Status')).toMatch(/^penstock; hit; ttl=\d+$/);
  expect(textOf(reply)).toBe(overHttp.text);
});

test('a write with a body and fields goes through the door', async () => {
  const body64 = Buffer.from('{"id":"by-nats"}').toString('base64');
  const reply = await askDoor('demo', {
    ...{ method: 'POST', path: '/items/2/notes', body64 },
    headers: { 'Content-Type': 'application/json' },
  });
  expect(reply.status).toBe(201);
  expect(fieldOf(reply, 'location')).toMatch(/^\/items\/2\/notes\//);
  expect((await stack.judge.posts())['by-nats']).toMatchObject({ seen: 1 });
});

test('problems come through the door as they do over HTTP', async () => {
  const unknown = await askDoor('nobody', { method: 'GET', path: '/x' });
  expect(unknown.status).toBe(404);
  expect(JSON.parse(textOf(unknown))).toMatchObject({ type: 'urn:penstock:unknown_upstream' });
  const malformed = await askDoor('demo', { path: '/x' });
  expect(malformed.status).toBe(400);
  expect(textOf(malformed)).toContain('method: expected such as GET');
});

test('an answer that is too large for a message is a problem 413', async () => {
  const reply = await askDoor('demo', { method: 'GET', path: '/big?bytes=800000' });
  expect(reply.status).toBe(413);
  expect(JSON.parse(textOf(reply))).toMatchObject({ type: 'urn:penstock:answer_too_large_for_message' });
});

test('whoever subscribes hears what was stored and what was answered', async () => {
  const heard = new Map<string, Record<string, unknown>>();
  const subscription = nc.subscribe(`${stack.namespace}.event.>`, {
    callback: (_, message) => {
      const fact = message.json<Record<string, unknown>>();
      if (fact['path'] === '/items/3') heard.set(message.subject.slice(stack.namespace.length + 1), fact);
    },
  });
  await nc.flush();
  await ask(stack.dataUrl, '/demo/items/3');
  await vi.waitFor(() => expect(heard.size).toBe(2), 5_000);
  subscription.unsubscribe();
  const text = expect.any(String);
  const number = expect.any(Number);
  const envelope = {
    id: text,
    at: text,
    cause: text,
    traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-/),
  };
  const ref = {
    ...{ upstream: 'demo', path: '/items/3', partition: 'shared', variant: '' },
    ...{ key: expect.stringMatching(/^[0-9a-f]{32}$/), urlHash: text },
  };
  const version = { fence: number, send: number };
  expect(heard.get('event.entry.stored')).toEqual({
    ...{ ...envelope, ...ref, version, status: 200, changed: true, lifetimeMs: 60_000 },
    ...{ requestedAt: number, receivedAt: number, bodyHash: text, bodyBytes: number },
    ...{ intervalMs: null, unchangedForMs: number },
  });
  expect(heard.get('event.fetch.answered')).toEqual({
    ...{ ...envelope, ...ref, version, status: 200, lane: 'now', attempts: 1, throttles: 0, durationMs: number },
  });
});

test('a write is told as an invalidation of its URL', async () => {
  const told = nc.subscribe(`${stack.namespace}.event.entry.invalidated`, { max: 1 });
  await nc.flush();
  await ask(stack.dataUrl, '/demo/items/4', { method: 'PUT', body: '{}' });
  for await (const message of told) {
    expect(message.json()).toMatchObject({ upstream: 'demo', path: '/items/4', before: { send: expect.any(Number) } });
  }
});
