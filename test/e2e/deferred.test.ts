import type { ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { withClient } from '../../apps/stack/src/postgres.js';
import { ask, cacheStatusOf, type Answered, type Asking } from './asking.js';
import { openStack, type OpenStack } from './open-stack.js';
import { startOwnUpstream, type OwnUpstream } from './own-upstream.js';

const HOST = 'api.own.example';
const config = (url: string): string => `
upstreams:
  own:
    baseUrl: ${url}
    hosts: [${HOST}]
    limits: { windows: [{ limit: 1000, per: 1s }], buckets: [{ name: search, match: "/search/**", windows: [{ limit: 500, per: 1s }] }] }
    retry: { network: { policy: none }, status: { policy: none, maxAttempts: 1 } }
`;

let own: OwnUpstream;
let stack: OpenStack;
let one: string;
let other: string;
const held = new Map<string, ServerResponse>();
beforeAll(async () => {
  own = await startOwnUpstream();
  own.on('/', ({ target }, response) => response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end(`of ${target}`));
  own.on('/held', ({ target, nth }, response) => void held.set(`${target} ${nth}`, response));
  stack = await openStack('deferred', {
    config: config(own.url),
    demo: false,
    replicas: { 'cache-api': 2, dispatcher: 2, scheduler: 0, refresher: 0 },
  });
  [one = '', other = ''] = stack.dataUrls;
});
afterAll(async () => {
  await stack.stop();
  await own.close();
});
afterEach(() => order('resume'));

const WITHIN = { timeout: 20_000, interval: 20 };
const STORABLE = { 'Cache-Control': 'max-age=60' };
const NO_STORE = { 'Cache-Control': 'no-store' };

const get = (from: string, target: string, headers: Record<string, string> = {}): Promise<Answered> =>
  ask(from, target, { headers });
const later = (from: string, target: string, headers: Record<string, string> = {}): Promise<Answered> =>
  get(from, target, { Prefer: 'respond-async', ...headers });

async function order(what: 'pause' | 'resume', body: object = {}): Promise<Answered> {
  const asking: Asking = {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  };
  return ask(stack.adminUrl, `/v1/upstreams/own/${what}`, asking);
}

const inHand = (what: string): Promise<ServerResponse> =>
  vi.waitFor(() => {
    const found = held.get(what);
    if (found === undefined) throw new Error(`expected ${what} in hand, found ${[...held.keys()].join()}`);
    return found;
  }, WITHIN);

/** Asks until it is no longer pending. */
const done = (from: string, location: string, headers: Record<string, string> = {}): Promise<Answered> =>
  vi.waitFor(async () => {
    const answer = await get(from, location, headers);
    if (answer.status === 202) throw new Error('expected an answer, found that it is pending');
    return answer;
  }, WITHIN);

function locationOf(answer: Answered): string {
  expect(answer.status).toBe(202);
  return answer.field('Location') ?? '';
}

test('a client that does not wait is told where its answer will be, and gets it there from any replica', async () => {
  const told = await later(one, '/own/held/a');
  expect(told.status).toBe(202);
  expect(told.field('Location')).toMatch(/^\/\.penstock\/answers\/[^/]+$/);
  expect(told.field('Preference-Applied')).toBe('respond-async');
  expect(told.field('Retry-After')).toBe('1');
  expect(told.field('Cache-Control')).toBe('no-store');
  const location = locationOf(told);
  expect(told.json()).toMatchObject({ state: 'pending', location });

  const response = await inHand('/held/a 1');
  const pending = await get(other, location);
  expect(pending.status).toBe(202);
  expect(pending.field('Retry-After')).toBe('1');
  expect(pending.field('Location')).toBe(location);

  response.writeHead(200, { ...STORABLE, ETag: '"a"', 'X-Own': 'yes' }).end('at last');
  const answers = [await done(other, location), await done(one, location)];
  for (const answer of answers) {
    expect(answer).toMatchObject({ status: 200, text: 'at last' });
    expect(answer.field('X-Own')).toBe('yes');
    expect(answer.field('Age')).toMatch(/^\d+$/);
    expect(cacheStatusOf(answer)).toBe('fwd=miss; fwd-status=200; stored; detail=deferred');
  }
  expect((await get(one, location, { 'If-None-Match': '"a"' })).status).toBe(304);
  expect(cacheStatusOf(await get(other, '/own/held/a'))).toMatch(/^hit; ttl=\d+$/);
  expect(own.callsAt('/held/a')).toHaveLength(1);
});

test('who asks for what is pending already gets the id of the first, and there is one call', async () => {
  const first = locationOf(await later(one, '/own/held/b'));
  const second = locationOf(await later(other, '/own/held/b'));
  expect(second.split('?')[0]).toBe(first);
  (await inHand('/held/b 1')).writeHead(200, STORABLE).end('for both');
  expect((await done(one, second)).text).toBe('for both');
  expect((await done(other, first)).text).toBe('for both');
  expect(own.callsAt('/held/b')).toHaveLength(1);
});

test('an answer that may not be shared is for the first; who joined is answered by a call of its own', async () => {
  const first = locationOf(await later(one, '/own/held/c'));
  const second = locationOf(await later(other, '/own/held/c'));
  (await inHand('/held/c 1')).writeHead(200, NO_STORE).end('for the first');
  const answer = await done(one, first);
  expect(answer.text).toBe('for the first');
  expect(cacheStatusOf(answer)).toBe('fwd=miss; fwd-status=200; detail=deferred');
  const joined = done(one, second);
  (await inHand('/held/c 2')).writeHead(200, NO_STORE).end('for the second');
  expect((await joined).text).toBe('for the second');
});

test('clients whose fields differ are not given one another’s variant', async () => {
  own.on('/variants', ({ headers }, response) =>
    response.writeHead(200, { ...STORABLE, Vary: 'Accept-Language' }).end(headers['accept-language']),
  );
  const german = locationOf(await later(one, '/own/variants', { 'Accept-Language': 'de' }));
  const french = locationOf(await later(one, '/own/variants', { 'Accept-Language': 'fr' }));
  expect((await done(other, german)).text).toBe('de');
  expect((await done(other, french)).text).toBe('fr');
});

test('what is stored is given at once', async () => {
  await get(one, '/own/stored');
  // Any replica knows it once it is committed.
  await vi.waitFor(
    async () => expect((await get(other, '/own/stored', { 'Cache-Control': 'only-if-cached' })).status).toBe(200),
    WITHIN,
  );
  const answer = await later(other, '/own/stored');
  expect(answer).toMatchObject({ status: 200, text: 'of /stored' });
  expect(answer.field('Preference-Applied')).toBeUndefined();
  expect(cacheStatusOf(answer)).toMatch(/^hit; ttl=\d+$/);
});

test('what is in grace is given at once', async () => {
  own.on('/graced', (_, response) => response.writeHead(200, { 'Cache-Control': 'max-age=1' }).end('old'));
  await get(one, '/own/graced');
  const stale = await vi.waitFor(async () => {
    const answer = await later(one, '/own/graced');
    expect(cacheStatusOf(answer)).toMatch(/^hit; ttl=-\d/);
    return answer;
  }, WITHIN);
  expect(stale).toMatchObject({ status: 200, text: 'old' });
});

test('the preference is applied neither to a write nor where the answer would be a credential’s own', async () => {
  const write = await ask(one, '/own/written', { method: 'POST', body: '{}', headers: { Prefer: 'respond-async' } });
  expect(write).toMatchObject({ status: 200, text: 'of /written' });
  const secret = await later(one, '/own/secret', { Authorization: 'Bearer mine' });
  expect(secret).toMatchObject({ status: 200, text: 'of /secret' });
  expect((await ask(one, '/own/head', { method: 'HEAD', headers: { Prefer: 'respond-async' } })).status).toBe(200);
});

test('what the upstream says is passed on as to a client that waits, also if it is an error', async () => {
  own.on('/failing', (_, response) => response.writeHead(500, { 'Content-Type': 'text/plain' }).end('broken'));
  const answer = await done(other, locationOf(await later(one, '/own/failing')));
  expect(answer).toMatchObject({ status: 500, text: 'broken' });
});

test('a failure ends as the problem that a client that waits would have got, and leaves no dead letter', async () => {
  own.on('/reset', (_, response) => response.destroy());
  const waited = await get(one, '/own/reset');
  const answer = await done(other, locationOf(await later(one, '/own/reset')));
  expect(answer.status).toBe(502);
  expect(answer.json()).toEqual(waited.json());
  expect(answer.field('Proxy-Status')).toBe(waited.field('Proxy-Status'));
  const letters = (await get(stack.adminUrl, '/v1/dead')).json<{ items: unknown[] }>();
  expect(letters.items).toEqual([]);
});

test('with a wait the answer comes at once where it comes in time; else 202 comes when the wait is over', async () => {
  const quick = await get(one, '/own/quick', { Prefer: 'respond-async, wait=20' });
  expect(quick).toMatchObject({ status: 200, text: 'of /quick' });
  const askedAt = Date.now();
  const slow = await get(one, '/own/held/slow', { Prefer: 'respond-async, wait=1' });
  expect(slow.status).toBe(202);
  expect(Date.now() - askedAt).toBeGreaterThanOrEqual(950);
  const waiting = get(other, locationOf(slow), { Prefer: 'wait=20' });
  (await inHand('/held/slow 1')).writeHead(200, STORABLE).end('slow');
  expect(await waiting).toMatchObject({ status: 200, text: 'slow' });
});

test('while the upstream is paused it is pending until the pause is over, and told so', async () => {
  const { pausedUntil } = (await order('pause', { for: '30s' })).json<{ pausedUntil: string }>();
  const resumeAt = Date.parse(pausedUntil);
  for (const target of ['/own/paused', '/own/search/paused']) {
    const told = await vi.waitFor(async () => {
      const answer = await later(other, target);
      expect(Number(answer.field('Retry-After'))).toBeGreaterThan(1);
      return answer;
    }, WITHIN);
    const retryAt = Date.now() + 1_000 * Number(told.field('Retry-After'));
    expect(retryAt).toBeGreaterThanOrEqual(resumeAt - 100);
    expect(retryAt).toBeLessThan(resumeAt + 1_500);
    expect(Date.parse(told.json<{ resumeAt: string }>().resumeAt)).toBe(resumeAt);
    // It waits for no pause that outlasts the wait.
    const askedAt = Date.now();
    expect((await get(one, locationOf(told), { Prefer: 'wait=10' })).status).toBe(202);
    expect(Date.now() - askedAt).toBeLessThan(2_000);
    expect(own.callsAt(target.slice('/own'.length))).toEqual([]);
  }
  const location = locationOf(await later(one, '/own/paused'));
  await order('resume');
  expect((await done(one, location)).text).toBe('of /paused');
});

test('kill -9 of the holder amid a deferred call: another carries it out', async () => {
  const location = locationOf(await later(one, '/own/held/killed'));
  await inHand('/held/killed 1');
  const { holder } = (await get(stack.adminUrl, '/v1/upstreams/own')).json<{ holder: string }>();
  const dispatchers = stack.running().filter(({ app }) => app === 'dispatcher');
  const holding = dispatchers.find(({ pid }) => holder.includes(`-${pid}-`)) ?? dispatchers[0];
  await stack.kill(holding?.name ?? '');
  expect((await get(other, location)).status).toBe(202);
  (await inHand('/held/killed 2')).writeHead(200, STORABLE).end('by the next');
  expect((await done(other, location)).text).toBe('by the next');
});

test('it is ours in absolute form too, below any declared host', async () => {
  const told = await later(one, `http://${HOST}/absolute`);
  const location = new URL(locationOf(told), `http://${HOST}/absolute`).href;
  expect((await done(other, location)).text).toBe('of /absolute');
  expect((await get(one, 'http://other.example/.penstock/answers/x')).status).toBe(403);
});

test('ten minutes after it has come nobody gets it any more', async () => {
  own.on('/forgotten', (_, response) => response.writeHead(200, NO_STORE).end('once'));
  const location = locationOf(await later(one, '/own/forgotten'));
  await done(one, location);
  await withClient(stack.postgresUrl, async (client) => {
    const id = location.slice(location.lastIndexOf('/') + 1);
    const updated = await client.query(
      `update "${stack.namespace}".reply set done_at = now() - interval '601 seconds' where id = $1`,
      [id],
    );
    expect(updated.rowCount).toBe(1);
    // Until the holder has acknowledged its work that is still there.
    const answer = await vi.waitFor(async () => {
      const found = await get(other, location);
      expect(found.status).toBe(404);
      return found;
    }, WITHIN);
    expect(answer.json()).toMatchObject({ type: 'urn:penstock:not_found', instance: location });
    const rows = () => client.query(`select id from "${stack.namespace}".reply where id = $1`, [id]);
    await vi.waitFor(async () => expect((await rows()).rowCount).toBe(0), { timeout: 30_000, interval: 500 });
  });
});

test.each(['/.penstock/answers/x', '/.penstock/answers/', '/.penstock/', '/.penstock/answers/own.default.1.2'])(
  'nothing is at %s',
  async (path) => {
    const answer = await get(one, path);
    expect(answer.status).toBe(404);
    expect(answer.json()).toMatchObject({ type: 'urn:penstock:not_found' });
  },
);

test('an id that was never given out is not there, and what is there is only read', async () => {
  const location = locationOf(await later(one, '/own/held/only-read'));
  const guessed = location.replace(/[^.]+$/, '00000000-0000-4000-8000-000000000000');
  expect((await get(one, guessed)).status).toBe(404);
  const refused = await ask(one, location, { method: 'DELETE' });
  expect(refused.status).toBe(405);
  expect(refused.field('Allow')).toBe('GET, HEAD');
  const head = await ask(one, location, { method: 'HEAD' });
  expect(head).toMatchObject({ status: 202, text: '' });
  (await inHand('/held/only-read 1')).writeHead(200, STORABLE).end();
});
