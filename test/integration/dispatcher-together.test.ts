import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openDeadShelf, subscribeEvents, type StopListening } from '#bus';
import { batchToken, DEFAULT_BUCKET, type EventPayloads, type FetchBatch, type UpstreamConfig } from '#contracts';
import { createEntryRepository, type Store } from '#store';
import { startOwnUpstream, type OwnUpstream } from '../e2e/own-upstream.js';
import { startNats, startPostgres, type RealServer } from '../support/real-servers.js';
import type { TestStack } from '../support/stack.js';
import { busIn, eventually, gate, leave, type Corner } from './bus-fixture.js';
import { configure, refOf, startOnly, storeOf, UPSTREAM, upstreamConfig } from './planning-fixture.js';

const LATER = 20_000;
const MATCH = '/items/{id}';
const TOGETHER = `{ together: [ { match: "${MATCH}", call: "/items?ids={ids}", items: /data } ] }`;
const FRESH = { 'Cache-Control': 'max-age=60', 'Content-Type': 'application/json', ETag: '"of-all"' };

type Fact = EventPayloads['fetch.answered'] & EventPayloads['entry.stored'];

describe('a dispatcher that is to fetch several with one call', () => {
  let nats: RealServer;
  let postgres: RealServer;
  let upstream: OwnUpstream;
  let corner: Corner;
  let store: Store;
  let stack: TestStack;
  let stored: EventPayloads['entry.stored'][];
  let answered: EventPayloads['fetch.answered'][];
  let stopListening: StopListening[];

  beforeAll(async () => {
    [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  });
  afterAll(() => Promise.all([nats.stop(), postgres.stop()]));
  beforeEach(async () => {
    upstream = await startOwnUpstream();
    corner = await busIn(nats.url);
    store = await storeOf(corner, postgres.url);
    [stored, answered] = [[], []];
    stopListening = [
      subscribeEvents(corner.bus, ['entry.stored'], ({ message }) => void stored.push(message)),
      subscribeEvents(corner.bus, ['fetch.answered'], ({ message }) => void answered.push(message)),
    ];
    upstream.on('/items?', ({ target }, response) => response.writeHead(200, FRESH).end(bodyOf(idsIn(target))));
    upstream.on('/items/', ({ target }, response) => response.writeHead(200, FRESH).end(elementOf(target.slice(7))));
  });
  afterEach(async () => {
    for (const stop of stopListening) stop();
    await stack.stop();
    await leave(corner);
    await store.close();
    await upstream.close();
  });

  async function start(more: Partial<UpstreamConfig> = {}): Promise<void> {
    const config = { ...upstreamConfig(TOGETHER), baseUrl: upstream.url, allowPrivateAddresses: true, ...more };
    await configure(store, config);
    stack = await startOnly('dispatcher', { corner, natsUrl: nats.url, postgresUrl: postgres.url });
  }

  async function leaveTogether(ids: readonly number[]): Promise<void> {
    const { bus, publisher } = corner;
    const batch: FetchBatch = {
      ...publisher.envelope({ cause: 'test' }),
      ...{ upstream: UPSTREAM, partition: 'shared', lane: 'later', reason: 'due', configVersion: 1, together: MATCH },
      items: ids.map((id) => {
        const { path, key, urlHash, variant } = ref(id);
        const have = stored.findLast((facts) => facts.key === key)?.version ?? null;
        return { path, key, urlHash, variant, have, requestFields: [], validators: [] };
      }),
    };
    const subject = bus.subjects.fetch('later', UPSTREAM, DEFAULT_BUCKET, batchToken(batch.id));
    expect(await publisher.publishWork(subject, batch)).toBe('stored');
  }

  const ref = (id: number): ReturnType<typeof refOf> => refOf(`/items/${id}`, upstream.url);
  const left = async (): Promise<number> => {
    const { stream } = corner.consumers.fetch('later', UPSTREAM, DEFAULT_BUCKET);
    return (await corner.bus.jsm.streams.info(stream)).state.messages;
  };
  const isDone = (): Promise<void> => eventually(async () => expect(await left()).toBe(0), LATER);
  const bodies = async (ids: readonly number[]): Promise<(string | undefined)[]> => {
    const read = ids.map((id) => createEntryRepository(store).readByKey(ref(id).key));
    return (await Promise.all(read)).map((found) => found && Buffer.from(found.body).toString());
  };
  const targets = (): string[] => upstream.calls.map(({ target }) => target);
  const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

  it('sends one, and keeps each part as the answer of its own URL', async () => {
    await start();
    const ids = range(1, 40);
    await leaveTogether(ids);
    await isDone();
    expect(targets()).toEqual([`/items?ids=${ids.join()}`]);
    expect(await bodies(ids)).toEqual(ids.map((id) => elementOf(String(id))));
    const entry = (await createEntryRepository(store).readByKey(ref(7).key))?.entry;
    expect(entry).toMatchObject({
      status: 200,
      path: '/items/7',
      partition: 'shared',
      variant: '',
      lifetimeMs: 60_000,
    });
    const { etag, fields } = entry ?? {};
    expect([etag, fields?.find(([name]) => name === 'Content-Type')?.[1]]).toEqual([undefined, 'application/json']);
    const facts = (): Partial<Fact>[] => answered.map(({ path, status, cost }) => ({ path, status, cost: cost ?? 1 }));
    await eventually(() =>
      expect(facts()).toEqual(ids.map((id) => ({ path: `/items/${id}`, status: 200, cost: 1 / 40 }))),
    );
    expect(stored.map(({ changed, cost }) => [changed, cost])).toEqual(ids.map(() => [true, 1 / 40]));
  });

  it('tells no change where only the spelling differs from that of a single answer', async () => {
    upstream.on('/items/', ({ target }, response) => {
      const spaced = JSON.stringify(JSON.parse(elementOf(target.slice(7))), undefined, 2);
      response.writeHead(200, { ...FRESH, 'Content-Encoding': 'gzip' }).end(gzipSync(spaced));
    });
    await start();
    await leaveTogether([1, 2]);
    await eventually(() => expect(stored).toHaveLength(2), LATER);
    await leaveTogether([1]);
    await eventually(() => expect(stored).toHaveLength(3), LATER);
    await leaveTogether([1, 2]);
    await eventually(() => expect(stored).toHaveLength(5), LATER);
    expect(targets()).toEqual(['/items?ids=1,2', '/items/1', '/items?ids=1,2']);
    expect(stored.map(({ path, changed }) => [path, changed])).toEqual([
      ['/items/1', true],
      ['/items/2', true],
      ...[1, 1, 2].map((id) => [`/items/${id}`, false]),
    ]);
  });

  it('fetches alone what the answer leaves out', async () => {
    upstream.on('/items?', ({ target }, response) =>
      response.writeHead(200, FRESH).end(bodyOf(idsIn(target).filter((id) => id !== '2'))),
    );
    upstream.on('/items/2', (_, response) => response.writeHead(404).end());
    await start();
    await leaveTogether([1, 2, 3]);
    await isDone();
    expect(targets()).toEqual(['/items?ids=1,2,3', '/items/2']);
    await eventually(() => expect(answered.map(({ path }) => path)).toHaveLength(3));
    expect(answered.find(({ path }) => path === '/items/2')).toMatchObject({ status: 404 });
    expect((await bodies([1, 3])).every(Boolean)).toBe(true);
  });

  it('loses nothing to a throttle: all of it waits, and is asked for again with one call', async () => {
    upstream.on('/items?', ({ target, nth }, response) => {
      if (nth === 1) response.writeHead(429, { 'Retry-After': '1' }).end();
      else response.writeHead(200, FRESH).end(bodyOf(idsIn(target)));
    });
    await start();
    await leaveTogether(range(1, 20));
    await isDone();
    expect(targets()).toEqual(['', ''].map(() => `/items?ids=${range(1, 20).join()}`));
    expect((await bodies(range(1, 20))).every(Boolean)).toBe(true);
    await eventually(() => expect(answered).toHaveLength(20));
    expect(answered.every(({ throttles }) => throttles === 1)).toBe(true);
    expect(await openDeadShelf(corner.bus).list({ upstream: UPSTREAM, limit: 10 })).toEqual([]);
  });

  it('is killed over one: all of it is fetched again', async () => {
    const { open, opened } = gate();
    upstream.on('/items?', async ({ target, nth }, response) => {
      if (nth === 1) await opened;
      response.writeHead(200, FRESH).end(bodyOf(idsIn(target)));
    });
    await start();
    await leaveTogether(range(1, 5));
    await eventually(() => expect(targets()).toHaveLength(1), LATER);
    await stack.kill('dispatcher');
    await eventually(async () => expect(await left()).toBe(0), 2 * LATER);
    open();
    expect(targets()).toEqual(['', ''].map(() => '/items?ids=1,2,3,4,5'));
    expect((await bodies(range(1, 5))).every(Boolean)).toBe(true);
  });

  it('gives up each with a letter of its own when the call fails for good', async () => {
    upstream.on('/items?', (_, response) => response.writeHead(500).end());
    const { retry } = upstreamConfig('{}');
    const status = { ...retry.status, maxAttempts: 1 };
    await start({ retry: { ...retry, status } });
    await leaveTogether([1, 2]);
    await isDone();
    const letters = await openDeadShelf(corner.bus).list({ upstream: UPSTREAM, limit: 10 });
    expect(letters.map(({ letter }) => letter.fetch?.path).sort()).toEqual(['/items/1', '/items/2']);
    expect(letters[0]?.letter.fetch).not.toHaveProperty('together');
  });
});

const idsIn = (target: string): string[] => (new URL(target, 'http://x').searchParams.get('ids') ?? '').split(',');
const elementOf = (id: string): string => `{"id":${id},"name":"item ${id}"}`;
const bodyOf = (ids: readonly string[]): string => `{"data":[${ids.map(elementOf).join()}]}`;
