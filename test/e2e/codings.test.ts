import { brotliCompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, cacheStatusOf, type Answered } from './asking.js';
import { openStack, type OpenStack } from './open-stack.js';
import { startOwnUpstream, type OwnUpstream, type UpstreamCall } from './own-upstream.js';

const TEXT = JSON.stringify({ items: Array.from({ length: 200 }, (_, id) => ({ id, name: `item ${id}` })) });
const ZIPPED = gzipSync(TEXT);

let own: OwnUpstream;
let stack: OpenStack;
beforeAll(async () => {
  own = await startOwnUpstream();
  stack = await openStack('codings', {
    config: `
upstreams:
  own:
    baseUrl: ${own.url}
    limits: { windows: [{ limit: 1000, per: 1s }] }
    cache: { profile: strict }
  small: { baseUrl: "${own.url}", cache: { maxBody: 1KiB } }
`,
    demo: false,
    replicas: { scheduler: 0, refresher: 0 },
  });
  own.on('/zipped', (call, response) => {
    const more = call.target.includes('fixed') ? { 'Cache-Control': 'max-age=60, no-transform' } : {};
    const fields = { 'Cache-Control': 'max-age=60', ETag: '"a"', 'Content-Type': 'application/json', ...more };
    if (!takesGzip(call)) return response.writeHead(200, { ...fields, ETag: '"plain"' }).end(TEXT);
    return response.writeHead(200, { ...fields, 'Content-Encoding': 'gzip' }).end(ZIPPED);
  });
});
afterAll(async () => {
  await stack.stop();
  await own.close();
});

function takesGzip({ headers }: UpstreamCall): boolean {
  return (headers['accept-encoding'] ?? '').includes('gzip');
}

const get = (target: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answered> =>
  ask(stack.dataUrl, target, { headers, method });
const GZIP = { 'Accept-Encoding': 'gzip, deflate' };

describe('an answer in gzip', () => {
  test('is stored once, and given as it came to whoever takes it', async () => {
    const miss = await get('/own/zipped-1', GZIP);
    const hit = await get('/own/zipped-1', { 'Accept-Encoding': 'br, gzip;q=0.5' });
    expect(own.callsAt('/zipped-1')).toHaveLength(1);
    for (const answer of [miss, hit]) {
      expect(answer.field('Content-Encoding')).toBe('gzip');
      expect(answer.field('ETag')).toBe('"a"');
      expect(answer.field('Vary')).toBe('Accept-Encoding');
      expect(Buffer.compare(answer.body, ZIPPED)).toBe(0);
    }
    expect(cacheStatusOf(hit)).toMatch(/^hit/);
  });

  test.each([
    ['says nothing', {}],
    ['takes none', { 'Accept-Encoding': 'identity' }],
    ['refuses it', { 'Accept-Encoding': 'gzip;q=0' }],
  ])('is given in none to a client that %s, from a miss and from a hit', async (what, headers) => {
    const path = `/own/zipped-${what.replaceAll(' ', '-')}`;
    const [miss, hit] = [await get(path, headers), await get(path, headers)];
    expect(own.calls.filter(({ target }) => `/own${target}` === path)).toHaveLength(1);
    for (const answer of [miss, hit]) {
      expect(answer.text).toBe(TEXT);
      expect(answer.field('Content-Encoding')).toBeUndefined();
      expect(answer.field('Content-Length')).toBe(String(TEXT.length));
      expect(answer.field('ETag')).toBe('"a;penstock-identity"');
      expect(answer.field('Vary')).toBe('Accept-Encoding');
    }
    expect(cacheStatusOf(hit)).toMatch(/^hit/);
  });

  test('conditions, ranges and HEAD are of what is sent', async () => {
    await get('/own/zipped-2');
    expect((await get('/own/zipped-2', { 'If-None-Match': '"a;penstock-identity"' })).status).toBe(304);
    expect((await get('/own/zipped-2', { 'If-None-Match': '"a"' })).status).toBe(200);
    expect((await get('/own/zipped-2', { ...GZIP, 'If-None-Match': '"a"' })).status).toBe(304);
    const part = await get('/own/zipped-2', { Range: 'bytes=0-7' });
    expect(part.status).toBe(206);
    expect(part.text).toBe(TEXT.slice(0, 8));
    expect(part.field('Content-Range')).toBe(`bytes 0-7/${TEXT.length}`);
    const zipped = await get('/own/zipped-2', { ...GZIP, Range: 'bytes=0-7' });
    expect(Buffer.compare(zipped.body, ZIPPED.subarray(0, 8))).toBe(0);
    expect((await get('/own/zipped-2', {}, 'HEAD')).field('Content-Length')).toBe(String(TEXT.length));
    expect((await get('/own/zipped-2', GZIP, 'HEAD')).field('Content-Length')).toBe(String(ZIPPED.byteLength));
    expect(own.callsAt('/zipped-2')).toHaveLength(1);
  });

  test('the tag that was made of the upstream’s goes to the upstream as its own', async () => {
    own.on('/zipped-3', (call, response) =>
      call.method === 'PUT' ? response.writeHead(204).end() : response.writeHead(200).end(),
    );
    const put = await ask(stack.dataUrl, '/own/zipped-3', {
      method: 'PUT',
      headers: { 'If-Match': '"a;penstock-identity"' },
      body: 'x',
    });
    expect(put.status).toBe(204);
    expect(own.callsAt('/zipped-3')[0]?.headers['if-match']).toBe('"a"');
  });

  test('that is not to be transformed is asked for with the client’s codings', async () => {
    await get('/own/zipped-fixed', GZIP);
    expect((await get('/own/zipped-fixed', { 'Cache-Control': 'only-if-cached' })).status).toBe(504);
    const answer = await get('/own/zipped-fixed');
    expect(answer.text).toBe(TEXT);
    expect(answer.field('ETag')).toBe('"plain"');
    expect(own.callsAt('/zipped-fixed')).toHaveLength(2);
    expect(own.callsAt('/zipped-fixed')[1]?.headers['accept-encoding']).toBeUndefined();
  });

  test('that is not stored is undone as well', async () => {
    own.on('/unkept', (_, response) =>
      response.writeHead(200, { 'Cache-Control': 'no-store', 'Content-Encoding': 'gzip' }).end(ZIPPED),
    );
    expect((await get('/own/unkept')).text).toBe(TEXT);
    expect(gunzipSync((await get('/own/unkept', GZIP)).body).toString()).toBe(TEXT);
  });

  test('that is damaged is left to the upstream', async () => {
    own.on('/damaged', (call, response) =>
      takesGzip(call)
        ? response.writeHead(200, { 'Cache-Control': 'max-age=60', 'Content-Encoding': 'gzip' }).end('no gzip')
        : response.writeHead(200).end('whole'),
    );
    expect((await get('/own/damaged')).text).toBe('whole');
  });

  test('that is too large to be stored is undone as it flows', async () => {
    const large = 'a'.repeat(3_000_000);
    const zipped = gzipSync(large);
    own.on('/large', (_, response) => response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(zipped));
    const answer = await get('/small/large');
    expect(zipped.byteLength).toBeGreaterThan(1024);
    expect(answer.field('Content-Encoding')).toBeUndefined();
    expect(answer.text === large).toBe(true);
  });
});

describe('the upstream', () => {
  test('is asked for the same codings, whatever the client takes', async () => {
    own.on('/asked', (_, response) =>
      response.writeHead(200, { Vary: 'Accept-Encoding', 'Cache-Control': 'max-age=60' }).end('x'),
    );
    await get('/own/asked', { 'Accept-Encoding': 'zstd' });
    const hit = await get('/own/asked', { 'Accept-Encoding': 'br' });
    expect(cacheStatusOf(hit)).toMatch(/^hit/);
    expect(own.callsAt('/asked').map(({ headers }) => headers['accept-encoding'])).toEqual([
      expect.stringMatching(/^gzip, br;q=0\.9/),
    ]);
  });

  test('may answer in br', async () => {
    own.on('/brotli', (_, response) =>
      response
        .writeHead(200, { 'Cache-Control': 'max-age=60', 'Content-Encoding': 'br' })
        .end(brotliCompressSync(TEXT)),
    );
    expect((await get('/own/brotli', GZIP)).text).toBe(TEXT);
    expect((await get('/own/brotli', { 'Accept-Encoding': 'br' })).field('Content-Encoding')).toBe('br');
  });

  test('gets the codings of a client whose call is passed on', async () => {
    own.on('/passed', (_, response) => response.writeHead(200).end());
    await ask(stack.dataUrl, '/own/passed', { method: 'POST', headers: { 'Accept-Encoding': 'br' }, body: 'x' });
    expect(own.callsAt('/passed')[0]?.headers['accept-encoding']).toBe('br');
  });
});
