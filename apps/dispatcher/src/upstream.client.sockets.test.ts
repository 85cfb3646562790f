import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, it, vi } from 'vitest';
import { createUpstreamClient, type ClientOptions, type UpstreamClient } from './upstream.client.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function listening(server: Server): Promise<number> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => open.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** What one server does with the n-th request (from 1) on its m-th connection. */
type Behaviour = (socket: Socket, request: { n: number; connection: number; text: string }) => void;

async function rig(
  behaviour: Behaviour,
  options: Partial<ClientOptions> = {},
): Promise<{ client: UpstreamClient; seen: string[] }> {
  const seen: string[] = [];
  let connections = 0;
  const server: Server = createServer((socket) => {
    const connection = (connections += 1);
    let n = 0;
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      const text = bytes.toString('latin1');
      seen.push(`${connection}:${text.slice(0, text.indexOf(' HTTP/'))}`);
      behaviour(socket, { n: (n += 1), connection, text });
    });
  });
  const port = await listening(server);
  const client = createUpstreamClient({
    baseUrl: `http://127.0.0.1:${port}`,
    connections: 1,
    connectTimeoutMs: 1_000,
    responseTimeoutMs: 5_000,
    bodyTimeoutMs: 5_000,
    maxBodyBytes: 20_000,
    allowPrivateAddresses: true,
    clock: { now: () => performance.now() },
    ...options,
  });
  closing.unshift(() => client.close());
  return { client, seen };
}

function send(
  client: UpstreamClient,
  path: string,
  more: { method?: string; signal?: AbortSignal; mayLeave?: () => boolean } = {},
): ReturnType<UpstreamClient['send']> {
  return client.send({ method: 'GET', path, fields: [], body: new Uint8Array(0), mayLeave: () => true, ...more });
}

const answer = (body = 'ok', fields = ''): string =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`;

it('a coding that nobody asked for is passed as it came: a bomb stays as small as it was sent', async () => {
  const bomb = gzipSync(Buffer.alloc(10_000_000));
  const { client } = await rig((socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.byteLength}\r\n\r\n`);
    socket.write(bomb);
  });
  const outcome = await send(client, '/bomb');
  if (outcome.kind !== 'answered') throw new Error(outcome.detail);
  expect(outcome.fields).toContainEqual(['Content-Encoding', 'gzip']);
  expect(Buffer.compare(bomb, outcome.body)).toBe(0);
});

it('a body beyond the bound is refused, whether it was announced or not', async () => {
  const { client } = await rig((socket, { n }) => {
    if (n === 1) socket.write(answer('x'.repeat(20_001)));
    else socket.end(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(20_001)}`);
  });
  expect(await send(client, '/announced')).toMatchObject({ kind: 'failed', code: 'answer_too_large' });
  expect(await send(client, '/not')).toMatchObject({ kind: 'failed', code: 'answer_too_large' });
});

it('a call that is taken back closes its connection and leaves the next one free', async () => {
  let closed = 0;
  const { client, seen } = await rig((socket, { text }) => {
    socket.once('close', () => (closed += 1));
    if (text.startsWith('GET /next')) socket.write(answer());
  });
  const abort = new AbortController();
  const call = send(client, '/slow', { signal: abort.signal });
  await vi.waitUntil(() => seen.length === 1);
  abort.abort();
  expect(await call).toMatchObject({ kind: 'failed', abandoned: true, sent: true });
  await vi.waitUntil(() => closed === 1);
  expect(await send(client, '/next')).toMatchObject({ kind: 'answered' });
});

it('a call that is taken back before it left, or while it waits for a connection, was not sent', async () => {
  const { client, seen } = await rig((socket, { text }) => {
    if (!text.startsWith('GET /first')) socket.write(answer());
  });
  const [first, second] = [new AbortController(), new AbortController()];
  const busy = send(client, '/first', { signal: first.signal });
  await vi.waitUntil(() => seen.length === 1);
  let asked = 0;
  const waiting = send(client, '/second', { signal: second.signal, mayLeave: () => (asked += 1) > 0 });
  second.abort();
  expect(await waiting).toMatchObject({ kind: 'failed', abandoned: true, sent: false });
  expect(await send(client, '/third', { signal: AbortSignal.abort() })).toMatchObject({ abandoned: true, sent: false });
  first.abort();
  expect(await busy).toMatchObject({ abandoned: true, sent: true });
  await send(client, '/fourth');
  expect([asked, ...seen.map((line) => line.slice(2))]).toEqual([0, 'GET /first', 'GET /fourth']);
});

it('a body that is taken back ends there', async () => {
  const { client } = await rig((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'));
  const abort = new AbortController();
  const call = send(client, '/', { signal: abort.signal });
  setTimeout(() => abort.abort(), 50);
  expect(await call).toMatchObject({ kind: 'failed', abandoned: true });
});

/** A server that closes a kept connection when the next request arrives on it. */
const closesKept =
  (how: (socket: Socket) => void): Behaviour =>
  (socket, { n }) => {
    if (n === 1) socket.write(answer());
    else how(socket);
  };

it.each([
  ['closes', (socket: Socket) => socket.end()],
  ['resets', (socket: Socket) => socket.resetAndDestroy()],
] as const)(
  'a call on a kept connection that the server %s just then goes at once over a fresh one',
  async (_, how) => {
    const { client, seen } = await rig(closesKept(how));
    expect(await send(client, '/a')).toMatchObject({ kind: 'answered' });
    let asked = 0;
    const mayLeave = (): boolean => (asked += 1) > 0;
    const outcome = await client.send({ method: 'GET', path: '/b', fields: [], body: new Uint8Array(0), mayLeave });
    expect(outcome).toMatchObject({ kind: 'answered', status: 200 });
    expect(seen).toEqual(['1:GET /a', '1:GET /b', '2:GET /b']);
    expect(asked).toBe(2);
  },
);

it.each(['POST', 'PUT', 'DELETE'])('a %s is not sent twice for it', async (method) => {
  const { client, seen } = await rig(closesKept((socket) => socket.end()));
  await send(client, '/a');
  expect(await send(client, '/b', { method })).toMatchObject({ kind: 'failed', code: 'incomplete_answer', sent: true });
  expect(seen).toEqual(['1:GET /a', `1:${method} /b`]);
});

it('nor a call that had begun to be answered, or whose connection was fresh', async () => {
  const { client, seen } = await rig(closesKept((socket) => socket.end('HTTP/1.1 200 O')));
  await send(client, '/a');
  expect(await send(client, '/b')).toMatchObject({ kind: 'failed', sent: true });
  const other = await rig((socket) => socket.end());
  expect(await send(other.client, '/c')).toMatchObject({ kind: 'failed', sent: true });
  expect([...seen, ...other.seen]).toEqual(['1:GET /a', '1:GET /b', '1:GET /c']);
});

it('nor one that the server was at work on', async () => {
  let nowMs = 0;
  const { client, seen } = await rig(
    closesKept((socket) => {
      nowMs += 1_001;
      socket.end();
    }),
    { clock: { now: () => nowMs } },
  );
  await send(client, '/a');
  expect(await send(client, '/b')).toMatchObject({ kind: 'failed', sent: true });
  expect(seen).toEqual(['1:GET /a', '1:GET /b']);
});

it('a connection is kept no longer than the server says', async () => {
  let closed = 0;
  const { client, seen } = await rig((socket, { n, connection }) => {
    if (n === 1) socket.once('close', () => (closed += 1));
    socket.write(answer('ok', connection === 1 ? 'Keep-Alive: timeout=2\r\n' : 'Keep-Alive: timeout=30\r\n'));
  });
  await send(client, '/a');
  await vi.waitUntil(() => closed === 1);
  for (const path of ['/b', '/c']) await send(client, path);
  expect(seen).toEqual(['1:GET /a', '2:GET /b', '2:GET /c']);
});

const SLOW: readonly (readonly [string, Behaviour])[] = [
  ['nothing', () => undefined],
  ['a byte of the fields now and then', (socket) => trickle(socket, 'HTTP/1.1 200 OK\r\nX-Slow: ')],
  ['early hints without end', (socket) => trickle(socket, '', 'HTTP/1.1 103 Early Hints\r\n\r\n')],
];

it.each(SLOW)('a server that sends %s has timeouts.response', async (_, behaviour) => {
  const { client } = await rig(behaviour, { responseTimeoutMs: 300 });
  const startedAt = performance.now();
  expect(await send(client, '/')).toMatchObject({ kind: 'failed', code: 'response_timeout', sent: true });
  expect(performance.now() - startedAt).toBeLessThan(1_500);
});

it('a server that sends a byte of the body now and then has timeouts.body for all of it', async () => {
  const { client } = await rig((socket) => void trickle(socket, 'HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n'), {
    bodyTimeoutMs: 300,
  });
  const startedAt = performance.now();
  expect(await send(client, '/')).toMatchObject({ kind: 'failed', code: 'body_timeout', sent: true });
  expect(performance.now() - startedAt).toBeLessThan(1_500);
});

it('a server that takes the connection and never ends its TLS handshake has timeouts.connect', async () => {
  const server = createServer((socket) => socket.on('error', () => undefined));
  const port = await listening(server);
  const { client: secure } = await rig(() => undefined, {
    baseUrl: `https://127.0.0.1:${port}`,
    connectTimeoutMs: 300,
  });
  expect(await send(secure, '/')).toMatchObject({ kind: 'failed', code: 'connection_timeout', sent: false });
});

function trickle(socket: Socket, head: string, piece = 'x'): void {
  socket.write(head);
  const timer = setInterval(() => socket.write(piece), 50);
  socket.once('close', () => clearInterval(timer));
}

it('a transfer coding that was not asked for is no answer (RFC 9112 7.4)', async () => {
  const { client } = await rig((socket) =>
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'),
  );
  expect(await send(client, '/coded')).toMatchObject({ kind: 'failed', code: 'invalid_answer', sent: true });
});

it.each([
  [
    'Content-Length and Transfer-Encoding',
    'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  ],
  ['two different Content-Length', 'Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc'],
])('an answer with %s is none (RFC 9112 6.3)', async (_, rest) => {
  const { client } = await rig((socket) => socket.write(`HTTP/1.1 200 OK\r\n${rest}`));
  expect(await send(client, '/two-ways')).toMatchObject({ kind: 'failed', sent: true });
});

it('trailers end here (RFC 9110 6.5.1)', async () => {
  const { client } = await rig((socket) =>
    socket.write(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n',
    ),
  );
  const outcome = await send(client, '/trailers');
  if (outcome.kind !== 'answered') throw new Error(outcome.detail);
  expect(outcome.fields.some(([name]) => name === 'X-T')).toBe(false);
  expect(Buffer.from(outcome.body).toString()).toBe('abc');
});
