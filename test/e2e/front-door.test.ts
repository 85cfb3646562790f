import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, askRaw, cacheStatusOf, type Answered } from './asking.js';
import { openStack, type OpenStack } from './open-stack.js';

const config = `
upstreams:
  demo:
    baseUrl: http://127.0.0.1:\${PENSTOCK_DEMO_PORT}
    hosts: [demo.example]
    limits: { windows: [{ limit: 1000, per: 1s }] }
`;

let stack: OpenStack;
beforeAll(async () => {
  stack = await openStack('front door', { config, replicas: { scheduler: 0, refresher: 0 } });
});
afterAll(() => stack.stop());

const arrivalsAt = async (path: string): Promise<number> => (await stack.judge.arrivals(path)).length;

test('the first call is a miss that is stored, the second is a hit', async () => {
  const first = await ask(stack.dataUrl, '/demo/items/1');
  expect(first.status).toBe(200);
  expect(first.field('Cache-Status')).toBe('penstock; fwd=uri-miss; fwd-status=200; stored');
  const second = await ask(stack.dataUrl, '/demo/items/1');
  expect(second.field('Cache-Status')).toMatch(/^penstock; hit; ttl=\d+$/);
  expect(second.body).toEqual(first.body);
  expect(await arrivalsAt('/items/1')).toBe(1);
});

test('the absolute form and the path form share one entry', async () => {
  const absolute = await ask(stack.dataUrl, 'http://demo.example/items/2', { headers: { Host: 'demo.example' } });
  expect(cacheStatusOf(absolute)).toBe('fwd=uri-miss; fwd-status=200; stored');
  const path = await ask(stack.dataUrl, '/demo/items/2');
  expect(cacheStatusOf(path)).toMatch(/^hit; /);
  expect(path.body).toEqual(absolute.body);
});

test('path and query reach the upstream byte for byte', async () => {
  const target = '/echo?b=2&a=%7e&c=x%20y&&d';
  const { url } = (await ask(stack.dataUrl, `/demo${target}`)).json<{ url: string }>();
  expect(url).toBe(target);
});

test('an answer of the upstream that is an error is passed on as it is', async () => {
  const answer = await ask(stack.dataUrl, '/demo/nothing-here');
  expect(answer.status).toBe(404);
  expect(answer.json()).toMatchObject({ error: 'not_found' });
  expect(answer.field('Proxy-Status')).toBeUndefined();
});

const close = 'Connection: close\r\n\r\n';
const refusals = [
  {
    what: 'CONNECT',
    bytes: `CONNECT demo.example:443 HTTP/1.1\r\nHost: demo.example:443\r\n${close}`,
    ...{ status: 405, code: 'method_not_supported', says: 'tunnel' },
  },
  {
    what: 'TRACE',
    bytes: `TRACE /demo/items/1 HTTP/1.1\r\nHost: x\r\n${close}`,
    ...{ status: 405, code: 'method_not_supported', says: 'TRACE' },
  },
  {
    what: 'an undeclared host',
    bytes: `GET http://other.example/x HTTP/1.1\r\nHost: other.example\r\n${close}`,
    ...{ status: 403, code: 'undeclared_host', says: 'other.example' },
  },
  {
    what: 'an unknown upstream',
    bytes: `GET /nobody/x HTTP/1.1\r\nHost: x\r\n${close}`,
    ...{ status: 404, code: 'unknown_upstream', says: 'nobody' },
  },
  {
    what: '.. in the path',
    bytes: `GET /demo/a/../b HTTP/1.1\r\nHost: x\r\n${close}`,
    ...{ status: 400, code: 'malformed_request', says: '..' },
  },
  {
    what: 'an encoded .. in the path',
    bytes: `GET /demo/a/%2e%2e/b HTTP/1.1\r\nHost: x\r\n${close}`,
    ...{ status: 400, code: 'malformed_request', says: '..' },
  },
  {
    what: 'what is no HTTP',
    bytes: 'HELLO\r\n\r\n',
    ...{ status: 400, code: 'malformed_request', says: 'HTTP' },
  },
];

test.each(refusals)('$what is refused with an explanation', async ({ bytes, status, code, says }) => {
  const before = (await stack.judge.score()).arrivals;
  const answer = await askRaw(stack.dataUrl, bytes);
  expectProblem(answer, status, code);
  expect(answer.json<{ detail: string }>().detail).toContain(says);
  expect((await stack.judge.score()).arrivals).toBe(before);
});

test('fields over the limit are 431, and nothing is asked of the upstream', async () => {
  const before = (await stack.judge.score()).arrivals;
  const answer = await askRaw(
    stack.dataUrl,
    `GET /demo/items/1 HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(70_000)}\r\n${close}`,
  );
  expectProblem(answer, 431, 'fields_too_large');
  expect((await stack.judge.score()).arrivals).toBe(before);
});

function expectProblem(answer: Answered, status: number, code: string): void {
  expect(answer.status).toBe(status);
  expect(answer.field('Content-Type')).toBe('application/problem+json');
  expect(answer.json()).toMatchObject({ type: `urn:penstock:${code}`, status });
  expect(answer.field('Proxy-Status')).toMatch(/^penstock; error=[a-z_]+; details="/);
}
