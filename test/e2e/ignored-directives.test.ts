import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ask, cacheStatusOf, type Answered } from './asking.js';
import { openStack, type OpenStack } from './open-stack.js';
import { startOwnUpstream, type OwnUpstream } from './own-upstream.js';

let upstream: OwnUpstream;
let stack: OpenStack;

beforeAll(async () => {
  upstream = await startOwnUpstream();
  const config = `
upstreams:
  loose:
    baseUrl: ${upstream.url}
    cache: { ttl: 60s, ignoreDirectives: [no-store, private] }
  plain:
    baseUrl: ${upstream.url}
    limits: { windows: [{ limit: 10000, per: 1s }] }
`;
  stack = await openStack('ignored', { config, demo: false, replicas: { scheduler: 0, refresher: 0 } });
});
afterAll(async () => {
  await stack.stop();
  await upstream.close();
});

const get = (path: string): Promise<Answered> => ask(stack.dataUrl, path);

function says(path: string, cacheControl: string | undefined, status = 200): void {
  const headers = cacheControl === undefined ? {} : { 'Cache-Control': cacheControl };
  upstream.on(path, (_call, response) => response.writeHead(status, headers).end('said'));
}

test('what the operator overrides is stored and answered, and each answer says so', async () => {
  says('/secret', 'no-store, max-age=60');
  expect(cacheStatusOf(await get('/loose/secret'))).toBe('fwd=uri-miss; fwd-status=200; stored; detail=overridden');
  expect(cacheStatusOf(await get('/loose/secret'))).toMatch(/^hit; ttl=\d+; detail=overridden$/);
  expect(cacheStatusOf(await get('/loose/secret'))).toMatch(/^hit; ttl=\d+; detail=overridden$/);
  expect(upstream.callsAt('/secret')).toHaveLength(1);
});

test('an answer that says nothing of the kind is told as always', async () => {
  says('/open', 'max-age=60');
  expect(cacheStatusOf(await get('/loose/open'))).toBe('fwd=uri-miss; fwd-status=200; stored');
  expect(cacheStatusOf(await get('/loose/open'))).toMatch(/^hit; ttl=\d+$/);
});

test('the log says at the start that this does not conform', () => {
  const warnings = stack.logs('cache-api').filter((line) => line.includes('ignoreDirectives'));
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain('upstreams.loose.cache.ignoreDirectives: [no-store, private] does not conform');
});

test('an upstream that overrides nothing is obeyed beside it', async () => {
  says('/obeyed', 'no-store, max-age=60');
  await get('/plain/obeyed');
  expect(cacheStatusOf(await get('/plain/obeyed'))).toBe('fwd=uri-miss; fwd-status=200');
});

test.each([404, 410, 405, 501])(
  'a %i is kept for the ttl of the operator where the upstream says nothing',
  async (status) => {
    says(`/absent-${status}`, undefined, status);
    expect((await get(`/loose/absent-${status}`)).status).toBe(status);
    const again = await get(`/loose/absent-${status}`);
    expect(again.status).toBe(status);
    expect(cacheStatusOf(again)).toMatch(/^hit; ttl=(?:60|59|58)$/);
  },
);

test('where more than half cannot be stored, the log says once which switch would change that', async () => {
  says('/unstored', 'no-store');
  for (let n = 0; n < 130; n += 1) await get(`/plain/unstored?n=${n}`);
  const told = (): string[] => stack.logs('dispatcher').filter((line) => line.includes('cannot be stored'));
  await vi.waitFor(() => expect(told()).toHaveLength(1));
  expect(JSON.parse(told()[0] ?? '')).toMatchObject({
    ...{ level: 40, upstream: 'plain', reason: 'no-store', notStored: expect.any(Number) as number },
    advice: expect.stringContaining('cache.ignoreDirectives: [no-store]') as string,
  });
});
