import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../apps/stack/src/ports.js';
import { ask, cacheStatusOf, type Answered } from './asking.js';
import { openStack, type OpenStack } from './open-stack.js';
import { startOwnUpstream, type OwnUpstream } from './own-upstream.js';

const MIB = 1024 * 1024;
const config = (url: string, nobody: number): string => `
upstreams:
  own:
    baseUrl: ${url}
    limits: { windows: [{ limit: 1000, per: 1s }] }
    retry: { network: { base: 10ms } }
  small: { baseUrl: "${url}", maxRequestBody: 1KiB, cache: { maxBody: 1KiB } }
  hasty:
    baseUrl: ${url}
    timeouts: { response: 300ms, body: 300ms }
    retry: { network: { policy: none } }
  gone:
    baseUrl: http://127.0.0.1:${nobody}
    retry: { network: { base: 10ms } }
`;

let own: OwnUpstream;
let stack: OpenStack;
beforeAll(async () => {
  own = await startOwnUpstream();
  stack = await openStack('bodies', {
    ...{ config: config(own.url, await freePort()), demo: false },
    replicas: { scheduler: 0, refresher: 0 },
  });
});
afterAll(async () => {
  await stack.stop();
  await own.close();
});

const get = (target: string, headers: Record<string, string> = {}): Promise<Answered> =>
  ask(stack.dataUrl, target, { headers });

test('8 MiB come down byte for byte, and are then a hit', async () => {
  const bytes = randomBytes(8 * MIB);
  own.on('/large', (_, response) => response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end(bytes));
  const first = await get('/own/large');
  expect(first.status).toBe(200);
  expect(first.body.equals(bytes)).toBe(true);
  const second = await get('/own/large');
  expect(cacheStatusOf(second)).toMatch(/^hit; /);
  expect(second.body.equals(bytes)).toBe(true);
});

test.each([false, true])('8 MiB go up byte for byte (chunked: %s)', async (chunked) => {
  const bytes = randomBytes(8 * MIB);
  own.on('/take', ({ body }, response) => response.end(body.equals(bytes) ? 'the same' : `other: ${body.length}`));
  const answer = await ask(stack.dataUrl, '/own/take', { method: 'POST', body: bytes, chunked });
  expect(answer.text).toBe('the same');
});

test.each([false, true])('a body over maxRequestBody is 413 and is not sent (chunked: %s)', async (chunked) => {
  own.on('/never', (_, response) => response.end('taken'));
  const answer = await ask(stack.dataUrl, '/small/never', { method: 'POST', body: 'x'.repeat(300_000), chunked });
  expectProblem(answer, 413, 'request_too_large');
  expect(answer.json<{ detail: string }>().detail).toContain('1024');
  expect(own.callsAt('/never')).toEqual([]);
});

test('an answer over cache.maxBody is passed on whole, and not stored', async () => {
  own.on('/too-large', (_, response) =>
    response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end('x'.repeat(2_000)),
  );
  for (let n = 0; n < 2; n += 1) {
    const answer = await get('/small/too-large');
    expect(answer.text).toBe('x'.repeat(2_000));
    expect(cacheStatusOf(answer)).toBe('fwd=uri-miss; fwd-status=200');
  }
});

test('an answer that is cut off is 502 after it was tried again, and is not stored', async () => {
  own.on('/cut', (_, response) => {
    response.writeHead(200, { 'Cache-Control': 'max-age=60', 'Content-Length': '1000' });
    response.write('only half', () => response.socket?.destroy());
  });
  expectProblem(await get('/own/cut'), 502, 'incomplete_answer');
  expect(own.callsAt('/cut')).toHaveLength(3);
  own.on('/cut', (_, response) => response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end('whole'));
  const whole = await get('/own/cut');
  expect(whole.text).toBe('whole');
  expect(cacheStatusOf(whole)).toBe('fwd=uri-miss; fwd-status=200; stored');
});

test('a chunked answer that is cut off is 502 too', async () => {
  own.on('/cut-chunks', (_, response) => {
    response.writeHead(200, { 'Cache-Control': 'max-age=60' });
    response.write('one chunk', () => response.socket?.destroy());
  });
  expectProblem(await get('/own/cut-chunks'), 502, 'incomplete_answer');
});

test('an upstream that refuses the connection is 502', async () => {
  expectProblem(await get('/gone/x'), 502, 'connection_refused');
});

test('an upstream that does not answer in time is 504', async () => {
  own.on('/silent', () => undefined);
  expectProblem(await get('/hasty/silent'), 504, 'response_timeout');
});

test('an answer that does not come to its end in time is 504', async () => {
  own.on('/trickle', (_, response) => void response.writeHead(200, { 'Content-Length': '1000' }).write('slowly'));
  expectProblem(await get('/hasty/trickle'), 504, 'body_timeout');
});

test('an answer that is not HTTP is 502', async () => {
  own.on('/garbage', (_, response) => void response.socket?.end('this is not HTTP\r\n\r\n'));
  expectProblem(await get('/own/garbage'), 502, 'invalid_answer');
});

test('fields of one hop end at it, in both directions, and Via is added', async () => {
  own.on('/hops', (_, response) =>
    response
      .writeHead(200, {
        Connection: 'X-Hop-Back',
        'X-Hop-Back': '1',
        'Proxy-Authenticate': 'Basic',
        'Keep-Alive': 'timeout=9',
        'X-End': '1',
      })
      .end('ok'),
  );
  const headers = {
    Connection: 'X-Hop, close',
    'X-Hop': '1',
    TE: 'trailers',
    'Proxy-Connection': 'keep-alive',
    'X-End': '1',
  };
  const answer = await get('/own/hops', headers);
  const sent = own.callsAt('/hops')[0]?.headers;
  expect(sent).toMatchObject({ 'x-end': '1' });
  expect(sent?.['via']).toMatch(/^1\.1 penstock-[0-9a-f]{8}$/);
  for (const name of ['x-hop', 'te', 'proxy-connection']) expect(sent?.[name]).toBeUndefined();
  expect(answer.field('X-End')).toBe('1');
  expect(answer.field('Via')).toBe('1.1 penstock');
  for (const name of ['X-Hop-Back', 'Proxy-Authenticate']) expect(answer.field(name)).toBeUndefined();
  expect(answer.field('Keep-Alive')).not.toBe('timeout=9');
});

test('a request that could be read in two ways is refused', async () => {
  const both = 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n';
  const status = await statusOfRaw(`POST /own/smuggled HTTP/1.1\r\nHost: x\r\n${both}\r\n0\r\n\r\n`);
  expect(status).toBe(400);
  expect(own.callsAt('/smuggled')).toEqual([]);
});

function statusOfRaw(bytes: string): Promise<number> {
  const { hostname, port } = new URL(stack.dataUrl);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    socket.once('error', reject);
    socket.once('data', (data) => {
      socket.destroy();
      resolve(Number(data.toString().split(' ')[1]));
    });
  });
}

function expectProblem(answer: Answered, status: number, code: string): void {
  expect(answer.json()).toMatchObject({ type: `urn:penstock:${code}`, status });
  expect(answer.status).toBe(status);
  expect(answer.field('Content-Type')).toBe('application/problem+json');
  expect(answer.field('Proxy-Status')).toMatch(/^penstock; error=/);
}
