import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { gate } from '../integration/bus-fixture.js';
import { ask, cacheStatusOf, type Answered } from './asking.js';
import { openStack, type OpenStack } from './open-stack.js';
import { startOwnUpstream, type OwnUpstream } from './own-upstream.js';

const COUNT = 500;
const PATIENCE = { timeout: 90_000, interval: 100 };
const JSON_FIELDS = { 'Content-Type': 'application/json' };

/** A twentieth of what is allowed would have to do, were each fetched alone: 500 in 5 s. */
const configOf = (url: string): string => `
upstreams:
  items:
    baseUrl: ${url}/of-items
    limits: { windows: [{ limit: 20, per: 1s }] }
    refresh:
      maxAge: 5s
      resources: ['/items/{1..${COUNT}}']
      together: [{ match: '/items/{id}', call: '/items?ids={ids}', items: /data }]
  orders:
    baseUrl: ${url}/of-orders
    limits: { windows: [{ limit: 100, per: 1s }] }
    refresh:
      maxAge: 1h
      resources: ['/orders/{1..20}']
      lists: [{ call: '/orders?since={since}', every: 300ms, items: /data, path: '/orders/{id}', changedAt: /at, next: /next }]
  prices:
    baseUrl: ${url}/of-prices
    limits: { windows: [{ limit: 100, per: 1s }] }
    refresh:
      maxAge: 1h
      resources: ['/prices/{1..20}']
      lists:
        - { call: '/prices?since={since}', every: 300ms, items: /data, path: '/prices/{id}', changedAt: /at, sinceFormat: epoch-ms, contains: content }
`;

let upstream: OwnUpstream;
let stack: OpenStack;
beforeAll(async () => {
  upstream = await startOwnUpstream();
  serveItems();
  serveChanges('orders');
  serveChanges('prices');
  stack = await openStack('together', { config: configOf(upstream.url), demo: false });
});
afterAll(async () => {
  await stack.stop();
  await upstream.close();
});

const get = (path: string, headers: Record<string, string> = {}): Promise<Answered> =>
  ask(stack.dataUrl, path, { headers });

/** How often the upstream has told of each item, and in how many calls. */
const told = new Map<string, number>();
let calls = 0;
let version = 1;
/** What the next call that brings several does before it is answered. */
let next: 'answer' | 'throttle' | Promise<void> = 'answer';

const itemOf = (id: string): object => ({ id: Number(id), version });

function serveItems(): void {
  upstream.on('/of-items/items/', ({ target }, response) => {
    const id = target.slice('/of-items/items/'.length);
    calls += 1;
    told.set(id, (told.get(id) ?? 0) + 1);
    response.writeHead(200, JSON_FIELDS).end(JSON.stringify(itemOf(id)));
  });
  upstream.on('/of-items/items?', async ({ target }, response) => {
    const ids = (new URL(target, 'http://x').searchParams.get('ids') ?? '').split(',');
    const body = JSON.stringify({ data: ids.map(itemOf) });
    const before = next;
    next = 'answer';
    calls += 1;
    if (before === 'throttle') return response.writeHead(429, { 'Retry-After': '1' }).end();
    await before;
    for (const id of ids) told.set(id, (told.get(id) ?? 0) + 1);
    return response.writeHead(200, JSON_FIELDS).end(body);
  });
}

/** From now on each is told of so many times more. */
async function allToldAgain(times: number): Promise<void> {
  const before = new Map(told);
  await vi.waitFor(() => {
    for (let id = 1; id <= COUNT; id += 1)
      expect((told.get(String(id)) ?? 0) - (before.get(String(id)) ?? 0)).toBeGreaterThanOrEqual(times);
  }, PATIENCE);
}

describe('several keys in one call', () => {
  test('keep 500 resources fresh with less than a tenth of the calls that one by one would take', async () => {
    await allToldAgain(2);
    const [callsBefore, toldBefore] = [calls, sum(told)];
    await allToldAgain(3);
    expect(sum(told) - toldBefore).toBeGreaterThanOrEqual(10 * (calls - callsBefore));
    const answer = await get('/items/items/77');
    expect(cacheStatusOf(answer)).toMatch(/^hit; /);
    expect(answer.json()).toEqual({ id: 77, version: 1 });
  });

  test('lose nothing when the call is throttled', async () => {
    next = 'throttle';
    await vi.waitFor(() => expect(next).toBe('answer'), PATIENCE);
    await allToldAgain(1);
    const { items } = (await ask(stack.adminUrl, '/v1/dead?upstream=items')).json<{ items: unknown[] }>();
    expect(items).toEqual([]);
  });

  test('do not keep a user waiting who wants one of them now, nor take its answer back', async () => {
    const { open, opened } = gate();
    next = opened;
    await vi.waitFor(() => expect(next).toBe('answer'), PATIENCE);
    const held = upstream.calls.at(-1)?.target ?? '';
    const id = /ids=(\d+)/.exec(held)?.[1] ?? '';
    version = 2;
    const answer = await get(`/items/items/${id}`, { 'Cache-Control': 'no-cache' });
    expect(answer.json()).toEqual({ id: Number(id), version: 2 });
    const before = told.get(id) ?? 0;
    open();
    await vi.waitFor(() => expect(told.get(id)).toBeGreaterThan(before), PATIENCE);
    await allToldAgain(1);
    expect((await get(`/items/items/${id}`)).json()).toEqual({ id: Number(id), version: 2 });
  });
});

interface Changing {
  readonly at: Map<number, number>;
}
const changing: Record<string, Changing> = {};

function serveChanges(kind: 'orders' | 'prices'): void {
  const at = new Map<number, number>();
  changing[kind] = { at };
  const elementOf = (id: number): object => ({ id, at: new Date(at.get(id) ?? 0).toISOString() });
  const one = `/of-${kind}/${kind}/`;
  upstream.on(one, ({ target }, response) =>
    response.writeHead(200, JSON_FIELDS).end(JSON.stringify(elementOf(Number(target.slice(one.length))))),
  );
  upstream.on(`/of-${kind}/${kind}?`, ({ target }, response) => {
    const query = new URL(target, 'http://x').searchParams;
    const since = query.get('since') ?? '';
    const sinceMs = /^\d+$/.test(since) ? Number(since) : Date.parse(since);
    const all = [...at].filter(([, changedAt]) => changedAt >= sinceMs).map(([id]) => elementOf(id));
    // One element a page.
    const page = Number(query.get('page') ?? 0);
    const isPaged = kind === 'orders' && page + 1 < all.length;
    const more = isPaged ? `/of-orders/orders?since=${since}&page=${page + 1}` : null;
    const told = kind === 'orders' ? all.slice(page, page + 1) : all;
    response.writeHead(200, JSON_FIELDS).end(JSON.stringify({ data: told, next: more }));
  });
}

const singles = (kind: string): number =>
  upstream.calls.filter(({ target }) => target.startsWith(`/of-${kind}/${kind}/`)).length;
const change = (kind: string, ...ids: number[]): void => ids.forEach((id) => changing[kind]?.at.set(id, Date.now()));
const atOf = async (kind: string, id: number): Promise<unknown> => (await get(`/${kind}/${kind}/${id}`)).json()['at'];
const isoOf = (kind: string, id: number): string => new Date(changing[kind]?.at.get(id) ?? 0).toISOString();

describe('a list of what has changed', () => {
  test('has those refreshed that it names, on all its pages, and no others', async () => {
    await vi.waitFor(() => expect(singles('orders')).toBe(20), PATIENCE);
    change('orders', 3, 7);
    await vi.waitFor(async () => {
      expect(await atOf('orders', 3)).toBe(isoOf('orders', 3));
      expect(await atOf('orders', 7)).toBe(isoOf('orders', 7));
    }, PATIENCE);
    expect(singles('orders')).toBe(22);
  });

  test('that brings their content needs no call besides its own', async () => {
    await vi.waitFor(() => expect(singles('prices')).toBe(20), PATIENCE);
    change('prices', 5);
    await vi.waitFor(async () => expect(await atOf('prices', 5)).toBe(isoOf('prices', 5)), PATIENCE);
    expect(singles('prices')).toBe(20);
  });

  test('goes on from where it was read when another holds the upstream', async () => {
    await stack.kill('dispatcher');
    change('orders', 9);
    await vi.waitFor(async () => expect(await atOf('orders', 9)).toBe(isoOf('orders', 9)), PATIENCE);
  });
});

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((so, count) => so + count, 0);
}
