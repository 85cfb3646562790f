import { once } from 'node:events';
import { createConnection } from 'node:net';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { watchMemory } from '../support/memory.js';
import {
  hashOf,
  MIB,
  open,
  pour,
  receive,
  startFlowingUpstream,
  type FlowingUpstream,
  type Head,
  type Received,
} from '../support/flowing-http.js';
import { openStack, type OpenStack } from './open-stack.js';

const config = (url: string): string => `
upstreams:
  own: { baseUrl: "${url}", maxRequestBody: 1GiB }
  narrow: { baseUrl: "${url}", maxRequestBody: 1GiB, limits: { concurrency: 1 } }
  strict: { baseUrl: "${url}", maxRequestBody: 2MiB }
  hasty: { baseUrl: "${url}", maxRequestBody: 1GiB, timeouts: { response: 1s, body: 1s }, retry: { network: { policy: none } } }
`;

const SIZE = 64 * MIB;
const MOST_GROWTH = 48 * MIB;
/** What may lie between the two ends: sockets on both sides, credits, and what was gathered before the answer proved too large. */
const ON_THE_WAY = 24 * MIB;
const WITHIN = { timeout: 5_000, interval: 10 };
const SOON = { timeout: 1_000, interval: 10 };

let own: FlowingUpstream;
let stack: OpenStack;
beforeAll(async () => {
  own = await startFlowingUpstream();
  stack = await openStack('streams', {
    config: config(own.url),
    demo: false,
    replicas: { scheduler: 0, refresher: 0 },
  });
  // What a process takes for itself once, it has taken before anything is measured.
  own.on('/next', (_, response) => response.writeHead(200, { 'Cache-Control': 'no-store' }).end('fine'));
  serves('/warm', 32 * MIB);
  await read(await get('/own/warm'));
  takes('/warm-up');
  await send('/own/warm-up', 32 * MIB);
});
afterAll(async () => {
  await stack.stop();
  await own.close();
});

const get = (path: string): Promise<Head> => open(stack.dataUrl, path);
const read = ({ incoming }: Head): Promise<Received> => receive(incoming);

function serves(path: string, bytes: number, headers: Record<string, string> = {}): void {
  own.on(path, async (_, response) => {
    response.writeHead(200, { 'Cache-Control': 'max-age=60', ...headers });
    await pour(response, bytes);
    response.end();
  });
}

/** Says back what came. */
function takes(path: string): void {
  own.on(path, async (incoming, response) => {
    const got = await receive(incoming).catch((error: unknown) => String(error));
    response.end(JSON.stringify({ got, length: incoming.headers['content-length'] ?? 'none' }));
  });
}

interface Said {
  readonly got: Received;
  readonly length: string;
}

async function send(path: string, bytes: number, headers: Record<string, string> = {}): Promise<Head> {
  return open(stack.dataUrl, path, { method: 'PUT', headers, body: (out) => pour(out, bytes) });
}

async function textOf({ incoming }: Head): Promise<string> {
  incoming.setEncoding('utf8');
  let text = '';
  for await (const part of incoming as AsyncIterable<string>) text += part;
  return text;
}

const jsonOf = async <T>(head: Head): Promise<T> => JSON.parse(await textOf(head)) as T;

async function growthOf<T>(doing: () => Promise<T>): Promise<{ done: T; growth: Readonly<Record<string, number>> }> {
  const pids = Object.fromEntries(['cache-api', 'dispatcher'].map((name) => [name, stack.pid(name) ?? 0]));
  const watch = watchMemory(pids);
  const done = await doing();
  return { done, growth: watch.stop() };
}

test.each([
  ['with a length', { 'Content-Length': String(SIZE) }],
  ['chunked', {}],
] as const)('64 MiB come down byte for byte, unstored, in flat memory (%s)', async (how, headers) => {
  const path = `/down-${how.replace(/ /g, '-')}`;
  serves(path, SIZE, headers);
  const { done, growth } = await growthOf(async () => {
    const head = await get(`/own${path}`);
    return { head, body: await read(head) };
  });
  expect(done.body).toEqual({ bytes: SIZE, hash: hashOf(SIZE) });
  expect(done.head.field('content-length')).toBe('Content-Length' in headers ? String(SIZE) : undefined);
  expect(done.head.field('cache-status')).toBe('penstock; fwd=uri-miss; fwd-status=200');
  for (const bytes of Object.values(growth)) expect(bytes).toBeLessThan(MOST_GROWTH);
});

test.each([
  ['with a length', { 'Content-Length': String(SIZE) }],
  ['chunked', {}],
] as const)('64 MiB go up byte for byte in flat memory (%s)', async (_, headers) => {
  takes('/up');
  const { done, growth } = await growthOf(async () => jsonOf<Said>(await send('/own/up', SIZE, headers)));
  expect(done.got).toEqual({ bytes: SIZE, hash: hashOf(SIZE) });
  expect(done.length).toBe('Content-Length' in headers ? String(SIZE) : 'none');
  for (const bytes of Object.values(growth)) expect(bytes).toBeLessThan(MOST_GROWTH);
});

test('a client that reads slowly slows the upstream down, and gets all of it', async () => {
  let written = 0;
  let isWhole = false;
  own.on('/slow-reader', async (_, response) => {
    response.writeHead(200);
    await pour(response, SIZE, (bytes) => (written = bytes));
    isWhole = true;
    response.end();
  });
  const head = await get('/own/slow-reader');
  await standsStill(() => written);
  expect(written).toBeLessThan(ON_THE_WAY);
  expect(isWhole).toBe(false);
  expect(await read(head)).toEqual({ bytes: SIZE, hash: hashOf(SIZE) });
});

test('an upstream that reads slowly slows the client down, and gets all of it', async () => {
  let readOn: () => void = () => undefined;
  own.on('/slow-taker', async (incoming, response) => {
    await new Promise<void>((resolve) => (readOn = resolve));
    response.end(JSON.stringify(await receive(incoming)));
  });
  let sent = 0;
  const answered = open(stack.dataUrl, '/own/slow-taker', {
    method: 'POST',
    body: (out) => pour(out, SIZE, (bytes) => (sent = bytes)),
  });
  await vi.waitFor(() => expect(own.callsAt('/slow-taker')).toBe(1), WITHIN);
  await standsStill(() => sent);
  expect(sent).toBeLessThan(ON_THE_WAY);
  readOn();
  expect(await jsonOf(await answered)).toEqual({ bytes: SIZE, hash: hashOf(SIZE) });
});

/** It has grown, and no longer does. */
async function standsStill(count: () => number): Promise<void> {
  let last = -1;
  await vi.waitFor(
    () => {
      const before = last;
      last = count();
      expect(last).toBeGreaterThan(0);
      expect(last).toBe(before);
    },
    { timeout: 10_000, interval: 500 },
  );
}

test('a client that leaves amid an answer stops the upstream at once, and frees the slot', async () => {
  let isClosed = false;
  own.on('/left', async (_, response) => {
    response.once('close', () => (isClosed = true));
    response.writeHead(200);
    await pour(response, SIZE);
  });
  const head = await get('/narrow/left');
  head.incoming.on('error', () => undefined);
  head.leave();
  await vi.waitFor(() => expect(isClosed).toBe(true), SOON);
  expect(await textOf(await get('/narrow/next'))).toBe('fine');
});

test('a client that leaves amid an upload ends the exchange with the upstream, which never sees an end of the body', async () => {
  let seen: string | undefined;
  own.on(
    '/left-up',
    (incoming) =>
      void receive(incoming).then(
        () => (seen = 'whole'),
        () => (seen = 'broken'),
      ),
  );
  const stopped = open(stack.dataUrl, '/narrow/left-up', {
    method: 'POST',
    headers: { 'Content-Length': String(SIZE) },
    body: async (out) => {
      await pour(out, 4 * MIB);
      await vi.waitFor(() => expect(own.callsAt('/left-up')).toBe(1), WITHIN);
      out.destroy();
    },
  });
  await expect(stopped).rejects.toThrow();
  await vi.waitFor(() => expect(seen).toBe('broken'), SOON);
  expect(await textOf(await get('/narrow/next'))).toBe('fine');
});

test.each([
  ['with a length', { 'Content-Length': String(SIZE) }],
  ['chunked', {}],
] as const)('an answer that breaks off midway breaks the connection of its client (%s)', async (_, headers) => {
  own.on('/dies', async (_request, response) => {
    response.writeHead(200, headers);
    await pour(response, 20 * MIB);
    response.destroy();
  });
  const head = await get('/own/dies');
  await expect(read(head)).rejects.toThrow('aborted');
  expect(own.callsAt('/dies')).toBeGreaterThan(0);
});

test('who joined is let go to a call of its own, and the next do not join', async () => {
  let together = 0;
  let most = 0;
  own.on('/popular', async (_, response) => {
    most = Math.max(most, (together += 1));
    response.writeHead(200, { 'Cache-Control': 'max-age=60' });
    await pour(response, 2 * ON_THE_WAY);
    together -= 1;
    response.end();
  });
  const heads = await Promise.all(Array.from({ length: 3 }, () => get('/own/popular')));
  // None of them is read yet: one that waited for another would wait for ever.
  expect(most).toBe(3);
  const bodies = await Promise.all(heads.map(read));
  for (const body of bodies) expect(body).toEqual({ bytes: 2 * ON_THE_WAY, hash: hashOf(2 * ON_THE_WAY) });
  let asked = 0;
  let bothAsked: () => void = () => undefined;
  const both = new Promise<void>((resolve) => (bothAsked = resolve));
  own.on('/popular', async (_, response) => {
    if ((asked += 1) === 2) bothAsked();
    await both;
    response.writeHead(200, { 'Cache-Control': 'no-store' }).end('small now');
  });
  const next = await Promise.all([get('/own/popular'), get('/own/popular')]);
  expect(await Promise.all(next.map(textOf))).toEqual(['small now', 'small now']);
});

test('a body that proves too large while it is sent on is 413, and the outcome is told as unknown', async () => {
  let seen: string | undefined;
  own.on(
    '/too-long',
    (incoming) =>
      void receive(incoming).then(
        () => (seen = 'whole'),
        () => (seen = 'broken'),
      ),
  );
  const head = await open(stack.dataUrl, '/strict/too-long', { method: 'POST', body: (out) => pour(out, 8 * MIB) });
  expect(head.status).toBe(413);
  const problem = await jsonOf<{ type: string; detail: string }>(head);
  expect(problem.type).toBe('urn:penstock:request_too_large');
  expect(problem.detail).toContain('outcome unknown');
  await vi.waitFor(() => expect(seen).toBe('broken'), SOON);
});

test('an upload that stops coming is told 408, and the upstream never sees an end of it', async () => {
  let seen: string | undefined;
  own.on(
    '/stalls',
    (incoming) =>
      void receive(incoming).then(
        () => (seen = 'whole'),
        () => (seen = 'broken'),
      ),
  );
  const leaving = new AbortController();
  const head = await open(stack.dataUrl, '/hasty/stalls', {
    method: 'POST',
    headers: { 'Content-Length': String(SIZE) },
    body: async (out) => {
      await pour(out, 4 * MIB);
      await once(leaving.signal, 'abort');
    },
  });
  expect(head.status).toBe(408);
  expect((await jsonOf<{ detail: string }>(head)).detail).toContain('outcome unknown');
  await vi.waitFor(() => expect(seen).toBe('broken'), WITHIN);
  leaving.abort();
});

test('a client that is slow to send holds no slot before a good part of its body is there', async () => {
  takes('/slow-sender');
  let goOn: () => void = () => undefined;
  const slow = open(stack.dataUrl, '/narrow/slow-sender', {
    method: 'PUT',
    body: async (out) => {
      await pour(out, 0.5 * MIB);
      await new Promise<void>((resolve) => (goOn = resolve));
      await pour(out, 4 * MIB);
    },
  });
  expect(await textOf(await get('/narrow/next'))).toBe('fine');
  expect(own.callsAt('/slow-sender')).toBe(0);
  goOn();
  expect((await jsonOf<Said>(await slow)).got.bytes).toBe(4.5 * MIB);
});

test('while pieces come the time for a body begins anew, and an upstream that stops sending is given up', async () => {
  own.on('/pauses', async (_, response) => {
    response.writeHead(200);
    for (let n = 0; n < 4; n += 1) {
      await pour(response, 9 * MIB);
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
  });
  const head = await get('/hasty/pauses');
  let bytes = 0;
  await expect(receive(head.incoming, (so) => (bytes = so))).rejects.toThrow('aborted');
  expect(bytes).toBeGreaterThan(27 * MIB);
});

test('a client that takes nothing for the time of a body is given up, and its slot is free', async () => {
  let isClosed = false;
  own.on('/untaken', async (_, response) => {
    response.once('close', () => (isClosed = true));
    response.writeHead(200);
    await pour(response, SIZE);
  });
  const head = await get('/hasty/untaken');
  expect(isClosed).toBe(false);
  await vi.waitFor(() => expect(isClosed).toBe(true), WITHIN);
  await expect(read(head)).rejects.toThrow('aborted');
});

test('an upstream that takes nothing of an upload for the time of a body is given up, with its outcome unknown', async () => {
  own.on('/takes-nothing', (incoming) => incoming.pause());
  const head = await send('/hasty/takes-nothing', SIZE);
  expect(head.status).toBe(504);
  expect((await jsonOf<{ detail: string }>(head)).detail).toContain('outcome unknown');
});

test('in HTTP/1.0, where a body without a length ends with its connection, one that breaks off is reset', async () => {
  own.on('/old', async (_, response) => {
    response.writeHead(200);
    await pour(response, 20 * MIB);
    response.destroy();
  });
  const { hostname, port } = new URL(stack.dataUrl);
  const socket = createConnection(Number(port), hostname);
  socket.resume().write('GET /own/old HTTP/1.0\r\nHost: penstock\r\n\r\n');
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNRESET');
});

test('an answer before the end of the body is passed on, and the rest of the body is not', async () => {
  own.on('/refuses', (incoming, response) => {
    incoming.once('data', () => response.writeHead(422).end('no'));
  });
  const head = await send('/own/refuses', SIZE);
  expect(head.status).toBe(422);
  expect(await textOf(head)).toBe('no');
});

test('a slot is taken for as long as the body flows', async () => {
  serves('/holds', SIZE);
  const head = await get('/narrow/holds');
  const next = await open(stack.dataUrl, '/narrow/next', { headers: { Prefer: 'wait=1' } });
  expect(next.status).toBe(503);
  expect((await jsonOf<{ type: string }>(next)).type).toBe('urn:penstock:not_sent_in_time');
  expect((await read(head)).bytes).toBe(SIZE);
});

test.each([
  ['fails', 500, {}],
  ['throttles', 429, { 'Retry-After': '1' }],
] as const)('a large answer that %s is thrown away, and the call is sent again', async (how, status, headers) => {
  let isClosed = false;
  own.on(`/${how}`, async (_, response) => {
    if (own.callsAt(`/${how}`) > 1) return response.end('well');
    response.once('close', () => (isClosed = !response.writableFinished));
    response.writeHead(status, headers);
    await pour(response, SIZE);
    return response.end();
  });
  const head = await get(`/own/${how}`);
  expect(await textOf(head)).toBe('well');
  expect(isClosed).toBe(true);
});

test('a throttle that refused an upload goes to the client as it came: there is nothing to send again', async () => {
  own.on('/refused', async (incoming, response) => {
    await receive(incoming);
    response.writeHead(429, { 'Retry-After': '1' }).end('slow down');
  });
  const head = await send('/own/refused', 4 * MIB, { 'Idempotency-Key': 'once' });
  expect(head.status).toBe(429);
  expect(await textOf(head)).toBe('slow down');
  expect(own.callsAt('/refused')).toBe(1);
});

test('a large answer to a write flows too', async () => {
  own.on('/exported', async (incoming, response) => {
    await receive(incoming);
    response.writeHead(201, { 'X-Kind': 'export' });
    await pour(response, 20 * MIB);
    response.end();
  });
  const head = await send('/own/exported', 4 * MIB);
  expect([head.status, head.field('x-kind')]).toEqual([201, 'export']);
  expect(await read(head)).toEqual({ bytes: 20 * MIB, hash: hashOf(20 * MIB) });
});

test('the door for NATS programs says that what flows does not fit', async () => {
  serves('/for-nats', SIZE);
  const nc = await connect({ servers: stack.natsUrl });
  const subject = `${stack.namespace}.fetch.own`;
  const request = JSON.stringify({ method: 'GET', path: '/for-nats' });
  const reply = (await nc.request(subject, request, { timeout: 15_000 })).json<{ status: number; body64: string }>();
  await nc.close();
  expect(reply.status).toBe(413);
  const problem = JSON.parse(Buffer.from(reply.body64, 'base64').toString()) as { type: string };
  expect(problem.type).toBe('urn:penstock:answer_too_large_for_message');
});

const AFTER_SILENCE = { timeout: 12_000, interval: 20 };

test.each(['dispatcher', 'cache-api'])(
  'a %s that is stopped amid an answer ends in good order, and breaks it',
  async (name) => {
    serves(`/stopped-${name}`, SIZE);
    const head = await get(`/own/stopped-${name}`);
    await stack.halt(name);
    await expect(read(head)).rejects.toThrow('aborted');
    expect(stack.logs(name).join()).not.toContain('not everything could be closed');
    await stack.start(name);
  },
);

test('a dispatcher that dies amid an answer breaks the connection of its client', async () => {
  serves('/orphaned', SIZE);
  const head = await get('/own/orphaned');
  await stack.kill('dispatcher');
  await expect(read(head)).rejects.toThrow('aborted');
  await stack.ready('dispatcher');
});

test('a dispatcher that dies amid an upload leaves its outcome unknown, and it is not sent again', async () => {
  own.on('/orphaned-up', (incoming) => void receive(incoming).catch(() => undefined));
  let goOn: () => void = () => undefined;
  const answered = open(stack.dataUrl, '/own/orphaned-up', {
    method: 'PUT',
    body: async (out) => {
      await pour(out, 8 * MIB);
      await new Promise<void>((resolve) => (goOn = resolve));
      await pour(out, 8 * MIB);
    },
  });
  await vi.waitFor(() => expect(own.callsAt('/orphaned-up')).toBe(1), WITHIN);
  await stack.kill('dispatcher');
  goOn();
  const head = await answered;
  expect(head.status).toBe(504);
  expect((await jsonOf<{ detail: string }>(head)).detail).toContain('outcome unknown');
  await stack.ready('dispatcher');
  expect(own.callsAt('/orphaned-up')).toBe(1);
});

test('a cache-api that dies amid an answer stops the upstream', async () => {
  let isClosed = false;
  own.on('/widowed', async (_, response) => {
    response.once('close', () => (isClosed = true));
    response.writeHead(200);
    await pour(response, SIZE);
  });
  const head = await get('/own/widowed');
  head.incoming.on('error', () => undefined);
  await stack.kill('cache-api');
  await vi.waitFor(() => expect(isClosed).toBe(true), AFTER_SILENCE);
});
