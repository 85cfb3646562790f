import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ask, cacheStatusOf, ttlOf, type Answered } from './asking.js';
import { CALM, openStack, type OpenStack } from './open-stack.js';

const config = `
upstreams:
  demo:
    baseUrl: http://127.0.0.1:\${PENSTOCK_DEMO_PORT}
    limits: { windows: [{ limit: 1000, per: 1s }] }
`;
const cacheControl = [
  { from: 1, to: 100, value: 'max-age=60' },
  { from: 101, to: 200, value: 'max-age=1' },
];

let stack: OpenStack;
beforeAll(async () => {
  stack = await openStack('freshness', { config, demo: { ...CALM, cacheControl }, replicas: { scheduler: 0 } });
});
afterAll(() => stack.stop());

const get = (path: string, headers: Record<string, string> = {}): Promise<Answered> =>
  ask(stack.dataUrl, `/demo${path}`, { headers });

test('a stale answer within grace is given at once, and refreshed once in the background', async () => {
  await get('/items/101');
  const stale = await vi.waitUntil(async () => isStale(await get('/items/101')), { timeout: 5_000 });
  expect(stale).toBe(true);
  await Promise.all(Array.from({ length: 30 }, () => get('/items/101')));
  await vi.waitFor(async () => expect(ttlOf(await get('/items/101'))).toBeGreaterThanOrEqual(0), { timeout: 5_000 });
  const arrivals = await stack.judge.arrivals('/items/101');
  expect(arrivals.map(({ status }) => status)).toEqual([200, 304]);
});

test('Age grows while an answer is stored', async () => {
  const first = await get('/items/1');
  expect(first.field('Age')).toBe('0');
  await vi.waitFor(async () => expect(Number((await get('/items/1')).field('Age'))).toBeGreaterThanOrEqual(1), {
    timeout: 5_000,
    interval: 100,
  });
});

test('only-if-cached is 504 where nothing is stored, and asks nothing of the upstream', async () => {
  const answer = await get('/items/2', { 'Cache-Control': 'only-if-cached' });
  expect(answer.status).toBe(504);
  expect(answer.json()).toMatchObject({ type: 'urn:penstock:only_if_cached', upstream: 'demo' });
  expect(await stack.judge.arrivals('/items/2')).toEqual([]);
});

test('only-if-cached is answered from what is stored', async () => {
  await get('/items/3');
  const answer = await get('/items/3', { 'Cache-Control': 'only-if-cached' });
  expect(cacheStatusOf(answer)).toMatch(/^hit; /);
});

test('no-cache revalidates: the upstream says 304, the body is kept', async () => {
  const first = await get('/items/4');
  const again = await get('/items/4', { 'Cache-Control': 'no-cache' });
  expect(again.status).toBe(200);
  expect(again.body).toEqual(first.body);
  expect(cacheStatusOf(again)).toBe('fwd=request; fwd-status=304; stored');
  // The judge says 304 to none but a conditional request.
  expect((await stack.judge.arrivals('/items/4')).map(({ status }) => status)).toEqual([200, 304]);
});

test('what a no-cache brought answers the next', async () => {
  await get('/items/5');
  await ask(stack.demoUrl, '/items/5', { method: 'PUT', body: '{"changed":"beside Penstock"}' });
  expect((await get('/items/5')).json()['changed']).toBeUndefined();
  const fresh = await get('/items/5', { 'Cache-Control': 'no-cache' });
  expect(fresh.json()).toMatchObject({ changed: 'beside Penstock' });
  const next = await get('/items/5');
  expect(cacheStatusOf(next)).toMatch(/^hit; /);
  expect(next.body).toEqual(fresh.body);
});

test('a client that has the stored answer already gets 304 without a body', async () => {
  const etag = (await get('/items/6')).field('ETag') ?? '';
  const answer = await get('/items/6', { 'If-None-Match': etag });
  expect(answer.status).toBe(304);
  expect(answer.body).toHaveLength(0);
  expect(answer.field('ETag')).toBe(etag);
  expect(cacheStatusOf(answer)).toMatch(/^hit; /);
  expect(await stack.judge.arrivals('/items/6')).toHaveLength(1);
});

test('a condition that does not hold gets the whole answer, also on a miss', async () => {
  const answer = await get('/items/7', { 'If-None-Match': '"another"' });
  expect(answer.status).toBe(200);
  expect(answer.body.length).toBeGreaterThan(0);
});

test('HEAD is answered from a stored GET, with its length and without its body', async () => {
  const whole = await get('/items/8');
  const head = await ask(stack.dataUrl, '/demo/items/8', { method: 'HEAD' });
  expect(head.status).toBe(200);
  expect(head.body).toHaveLength(0);
  expect(head.field('Content-Length')).toBe(String(whole.body.length));
  expect(cacheStatusOf(head)).toMatch(/^hit; /);
  expect(await stack.judge.arrivals('/items/8')).toHaveLength(1);
});

test('no-store of a client keeps the answer out of the store', async () => {
  const answer = await get('/items/9', { 'Cache-Control': 'no-store' });
  expect(cacheStatusOf(answer)).toBe('fwd=uri-miss; fwd-status=200');
  expect(cacheStatusOf(await get('/items/9'))).toBe('fwd=uri-miss; fwd-status=200; stored');
});

function isStale(answer: Answered): boolean {
  return ttlOf(answer) < 0;
}
