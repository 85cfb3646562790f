import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openDeadShelf, subscribeEvents, type StopListening } from '#bus';
import {
  batchToken,
  DEFAULT_BUCKET,
  type EventPayloads,
  type FetchBatch,
  type FetchWork,
  type UpstreamConfig,
} from '#contracts';
import { createEntryRepository, type Store } from '#store';
import { startOwnUpstream, type OwnUpstream } from '../e2e/own-upstream.js';
import { startNats, startPostgres, type RealServer } from '../support/real-servers.js';
import type { TestStack } from '../support/stack.js';
import { busIn, eventually, gate, leave, type Corner } from './bus-fixture.js';
import { configure, refOf, startOnly, storeOf, UPSTREAM, upstreamConfig } from './planning-fixture.js';

const LATER = 20_000;
const { limits } = upstreamConfig('{}');
const steady = { limits: { ...limits, windows: [{ limit: 1_000, perMs: 1_000 }] } };

describe('a dispatcher that is handed batches', () => {
  let nats: RealServer;
  let postgres: RealServer;
  let upstream: OwnUpstream;
  let corner: Corner;
  let store: Store;
  let stack: TestStack;
  let told: (EventPayloads['fetch.answered'] | EventPayloads['fetch.dropped'] | EventPayloads['entry.stored'])[];
  let stopListening: StopListening;

  beforeAll(async () => {
    [nats, postgres, upstream] = await Promise.all([startNats(), startPostgres(), startOwnUpstream()]);
  });
  afterAll(() => Promise.all([nats.stop(), postgres.stop(), upstream.close()]));
  beforeEach(async () => {
    corner = await busIn(nats.url);
    store = await storeOf(corner, postgres.url);
    told = [];
    const facts = ['fetch.answered', 'fetch.dropped', 'entry.stored'] as const;
    stopListening = subscribeEvents(corner.bus, facts, ({ message }) => void told.push(message));
  });
  afterEach(async () => {
    stopListening();
    await stack.stop();
    await leave(corner);
    await store.close();
  });

  async function start(more: Partial<UpstreamConfig> = {}): Promise<void> {
    const config = { ...upstreamConfig('{}'), baseUrl: upstream.url, allowPrivateAddresses: true, ...more };
    await configure(store, config);
    stack = await startOnly('dispatcher', { corner, natsUrl: nats.url, postgresUrl: postgres.url });
  }

  async function leaveBatch(paths: readonly string[]): Promise<void> {
    const { bus, publisher } = corner;
    const batch: FetchBatch = {
      ...publisher.envelope({ cause: 'test' }),
      ...{ upstream: UPSTREAM, partition: 'shared', lane: 'later', reason: 'due', configVersion: 1 },
      items: paths.map((path) => {
        const { key, urlHash, variant } = refOf(path, upstream.url);
        return { path, key, urlHash, variant, have: null, requestFields: [], validators: [] };
      }),
    };
    const subject = bus.subjects.fetch('later', UPSTREAM, DEFAULT_BUCKET, batchToken(batch.id));
    expect(await publisher.publishWork(subject, batch)).toBe('stored');
  }

  async function leaveAlone(path: string): Promise<void> {
    const { bus, publisher } = corner;
    const work: FetchWork = {
      ...publisher.envelope({ cause: 'test' }),
      ...refOf(path, upstream.url),
      ...{ lane: 'later', reason: 'due', configVersion: 1, have: null, requestFields: [], validators: [] },
    };
    const subject = bus.subjects.fetch('later', UPSTREAM, DEFAULT_BUCKET, work.key);
    expect(await publisher.publishWork(subject, work)).toBe('stored');
  }

  const left = async (): Promise<number> => {
    const { stream } = corner.consumers.fetch('later', UPSTREAM, DEFAULT_BUCKET);
    return (await corner.bus.jsm.streams.info(stream)).state.messages;
  };
  const stored = async (paths: readonly string[]): Promise<number> => {
    const heads = await createEntryRepository(store).readHeads(paths.map((path) => refOf(path, upstream.url).key));
    return heads.length;
  };
  const callsOf = (paths: readonly string[]): number[] => paths.map((path) => upstream.callsAt(path).length);
  const pathsUnder = (prefix: string, count: number): string[] =>
    Array.from({ length: count }, (_, i) => `${prefix}/${i}`);

  it('fetches each piece, tells each end, and lets the batch go when all is committed and told', async () => {
    upstream.on('/each', (_, response) => response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end('well'));
    const paths = pathsUnder('/each', 20);
    await start();
    await leaveBatch(paths);
    await eventually(async () => expect(await left()).toBe(0), LATER);
    expect(callsOf(paths)).toEqual(paths.map(() => 1));
    expect(await stored(paths)).toBe(20);
    await eventually(() => expect(told.filter((facts) => 'attempts' in facts && 'status' in facts)).toHaveLength(20));
  });

  it('is killed over a batch: nothing is lost, and only what was not stored is sent again', async () => {
    const { open, opened } = gate();
    const [quick, slow] = [pathsUnder('/quick', 8), pathsUnder('/slow', 8)];
    const well = { 'Cache-Control': 'max-age=60' };
    upstream.on('/quick', (_, response) => response.writeHead(200, well).end('well'));
    upstream.on('/slow', async ({ nth }, response) => {
      if (nth === 1) await opened;
      response.writeHead(200, well).end('well');
    });
    await start();
    await leaveBatch([...quick, ...slow]);
    await eventually(async () => expect(await stored(quick)).toBe(quick.length), LATER);
    await eventually(() => expect(callsOf(slow)).toEqual(slow.map(() => 1)));
    told.length = 0;
    // It is started again, and knows nothing.
    await stack.kill('dispatcher');
    await eventually(async () => expect(await left()).toBe(0), 2 * LATER);
    open();
    expect(await stored([...quick, ...slow])).toBe(16);
    expect(callsOf(quick)).toEqual(quick.map(() => 1));
    expect(callsOf(slow)).toEqual(slow.map(() => 2));
    // What was stored and may not have been told is told again, and that it was dropped.
    const paths = (of: typeof told): string[] => [...new Set(of.map(({ path }) => path))].sort();
    await eventually(() => expect(paths(told.filter((one) => 'reason' in one))).toEqual([...quick].sort()));
    expect(paths(told.filter((one) => 'changed' in one))).toEqual([...quick, ...slow].sort());
  });

  it('is stopped over a batch: what is on its way lands, and only what had not left is sent by the next', async () => {
    const { open, opened } = gate();
    const paths = pathsUnder('/handed-over', 24);
    upstream.on('/handed-over', async (_, response) => {
      await opened;
      response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end('well');
    });
    // What is not stored nobody could recall: it is acknowledged in time.
    upstream.on('/alone', async (_, response) => {
      await opened;
      response.writeHead(200, { 'Cache-Control': 'no-store' }).end('well');
    });
    await start(steady);
    await leaveAlone('/alone');
    await eventually(() => expect(callsOf(['/alone'])).toEqual([1]), LATER);
    await leaveBatch(paths);
    const sent = (): number => callsOf(paths).filter((calls) => calls > 0).length;
    await eventually(() => expect(sent()).toBeGreaterThan(8), LATER);
    const halted = stack.halt('dispatcher');
    open();
    await halted;
    await stack.start('dispatcher');
    await eventually(async () => expect(await left()).toBe(0), 2 * LATER);
    expect(callsOf([...paths, '/alone'])).toEqual([...paths, '/alone'].map(() => 1));
    expect(await stored(paths)).toBe(paths.length);
  });

  it('gives up one piece with a letter of its own, and stores the rest', async () => {
    const paths = pathsUnder('/mixed', 6);
    upstream.on('/mixed', (_, response) => response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end('well'));
    upstream.on('/mixed/3', (_, response) => response.writeHead(500).end());
    await start();
    await leaveBatch(paths);
    await eventually(async () => expect(await left()).toBe(0), 2 * LATER);
    const letters = await openDeadShelf(corner.bus).list({ upstream: UPSTREAM, limit: 10 });
    expect(letters.map(({ letter }) => letter.path)).toEqual(['/mixed/3']);
    expect(letters[0]?.letter.history.map(({ outcome }) => outcome)).toContain('status 500');
    expect(letters[0]?.letter.fetch).toMatchObject({ path: '/mixed/3', lane: 'later', have: null });
    expect(await stored(paths)).toBe(5);
  });

  it('pulls no more pieces ahead than it would pull single messages', async () => {
    const { open, opened } = gate();
    upstream.on('/many', async (_, response) => {
      await opened;
      response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end('well');
    });
    const { concurrency } = steady.limits;
    await start(steady);
    for (let n = 0; n < 12; n += 1) await leaveBatch(pathsUnder(`/many/${n}`, 16));
    const { stream, durable } = corner.consumers.fetch('later', UPSTREAM, DEFAULT_BUCKET);
    await eventually(
      () => expect(upstream.calls.filter(({ target }) => target.startsWith('/many'))).toHaveLength(concurrency),
      LATER,
    );
    const pulled = async (): Promise<number> => (await corner.bus.jsm.consumers.info(stream, durable)).num_ack_pending;
    // 64 wait besides what is on its way: five batches of sixteen at most.
    await eventually(async () => expect((await pulled()) * 16).toBeGreaterThan(concurrency));
    expect((await pulled()) * 16).toBeLessThanOrEqual(concurrency + 64);
    open();
    await eventually(async () => expect(await left()).toBe(0), 2 * LATER);
  });
});
