import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { subscribeEvents } from '#bus';
import { batchToken, DEFAULT_BUCKET } from '#contracts';
import type { FetchBatch, FetchWork, RefreshBatch, RefreshItem, RefreshWork } from '#contracts';
import { createEntryWriter, type Store } from '#store';
import { startNats, startPostgres, type RealServer } from '../support/real-servers.js';
import type { TestStack } from '../support/stack.js';
import { busIn, eventually, leave, type Corner } from './bus-fixture.js';
import { keepEntry, refOf, startOnly, storeOf, UPSTREAM } from './planning-fixture.js';

describe('the refresher', () => {
  let nats: RealServer;
  let postgres: RealServer;
  let corner: Corner;
  let store: Store;
  let stack: TestStack;

  beforeAll(async () => {
    [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
    corner = await busIn(nats.url);
    const servers = { natsUrl: nats.url, postgresUrl: postgres.url };
    stack = await startOnly('refresher', { corner, replicas: 2, ...servers });
  });
  afterAll(async () => {
    await stack.stop();
    await leave(corner);
    await Promise.all([nats.stop(), postgres.stop()]);
  });
  beforeEach(async () => {
    store = await storeOf(corner, postgres.url);
  });
  afterEach(() => store.close());

  async function remind(path: string, more: Partial<RefreshWork> = {}): Promise<RefreshWork> {
    const asked = { reason: 'due', bucket: 'default', have: null, configVersion: 1, ...more } as const;
    const work: RefreshWork = { ...corner.publisher.envelope({ cause: 'test' }), ...refOf(path), ...asked };
    const subject = corner.bus.subjects.refresh('later', UPSTREAM, work.key);
    expect(await corner.publisher.publishWork(subject, work)).toBe('stored');
    return work;
  }

  async function remindOfBatch(items: readonly RefreshItem[]): Promise<RefreshBatch> {
    const told = { partition: 'shared', reason: 'due', bucket: DEFAULT_BUCKET, configVersion: 1 } as const;
    const batch = { ...corner.publisher.envelope({ cause: 'test' }), ...told, upstream: UPSTREAM, items };
    await publishBatch(batch);
    return batch;
  }

  async function publishBatch(batch: RefreshBatch): Promise<void> {
    const subject = corner.bus.subjects.refresh('later', UPSTREAM, batchToken(batch.id));
    expect(await corner.publisher.publishWork(subject, batch)).toBe('stored');
  }

  function itemOf(path: string, have: RefreshItem['have'] = null): RefreshItem {
    const { key, urlHash, variant } = refOf(path);
    return { path, key, urlHash, variant, have };
  }

  const fetchWork = (lane: 'soon' | 'later', path: string): Promise<FetchWork> => fetchOn(lane, refOf(path).key);

  async function fetchOn<Message extends FetchWork | FetchBatch>(
    lane: 'soon' | 'later',
    token: string,
  ): Promise<Message> {
    const { bus, consumers } = corner;
    const { stream } = consumers.fetch(lane, UPSTREAM, DEFAULT_BUCKET);
    const subject = bus.subjects.fetch(lane, UPSTREAM, DEFAULT_BUCKET, token);
    return eventually(async () => {
      const message = await bus.jsm.streams.getMessage(stream, { last_by_subj: subject });
      if (message === null) throw new Error(`expected a message on ${subject}`);
      return message.json<Message>();
    });
  }

  const fetchesLeft = async (): Promise<number> => {
    const { stream } = corner.consumers.fetch('later', UPSTREAM, DEFAULT_BUCKET);
    return (await corner.bus.jsm.streams.info(stream)).state.messages;
  };

  const remindersLeft = async (): Promise<number> =>
    (await corner.bus.jsm.streams.info(corner.consumers.refresh().stream)).state.messages;

  it('asks for what was never stored, in the trace of the reminder', async () => {
    const work = await remind('/items/1');
    const fetch = await fetchWork('later', '/items/1');
    expect(fetch).toMatchObject({ ...refOf('/items/1'), lane: 'later', reason: 'due', have: null, validators: [] });
    expect(fetch.cause).toBe(work.id);
    expect(fetch.traceparent.slice(0, 35)).toBe(work.traceparent.slice(0, 35));
    await eventually(async () => expect(await remindersLeft()).toBe(0));
  });

  it('asks on condition for what is stored, sooner where someone was given a stale answer', async () => {
    const version = { fence: 1, send: 4 };
    await keepEntry(store, '/items/2', { version, etag: '"two"' });
    await remind('/items/2', { have: version, reason: 'stale-read' });
    expect(await fetchWork('soon', '/items/2')).toMatchObject({
      have: version,
      requestFields: [['Accept', 'application/json']],
      validators: [['If-None-Match', '"two"']],
    });
  });

  it('asks on condition for what is committed only after someone was given it', async () => {
    const version = { fence: 1, send: 4 };
    await remind('/items/8', { have: version, reason: 'stale-read' });
    await keepEntry(store, '/items/8', { version, etag: '"eight"' });
    expect(await fetchWork('soon', '/items/8')).toMatchObject({
      have: version,
      validators: [['If-None-Match', '"eight"']],
    });
  });

  it('leaves the fetch when the one that was pending ends in the same moment', async () => {
    const { bus, consumers } = corner;
    const subject = bus.subjects.fetch('later', UPSTREAM, DEFAULT_BUCKET, refOf('/items/6').key);
    const { stream } = consumers.fetch('later', UPSTREAM, DEFAULT_BUCKET);
    let tries = 0;
    const listening = bus.nc.subscribe(subject, { callback: () => void (tries += 1) });
    await remind('/items/6');
    await fetchWork('later', '/items/6');
    await eventually(async () => expect(await remindersLeft()).toBe(0));
    const work = await remind('/items/6');
    await eventually(() => expect(tries).toBe(2));
    const pending = await bus.jsm.streams.getMessage(stream, { last_by_subj: subject });
    await bus.jsm.streams.deleteMessage(stream, pending?.seq ?? 0);
    await eventually(async () => expect((await fetchWork('later', '/items/6')).cause).toBe(work.id));
    listening.unsubscribe();
  });

  it('drops what someone else fetched meanwhile, and tells so', async () => {
    const dropped: unknown[] = [];
    const stop = subscribeEvents(corner.bus, ['fetch.dropped'], ({ message }) => void dropped.push(message));
    await keepEntry(store, '/items/3', { version: { fence: 1, send: 4 } });
    const work = await remind('/items/3', { have: { fence: 1, send: 3 } });
    const { urlHash } = refOf('/items/3');
    const facts = { urlHash, lane: 'later', reason: 'overtaken', cause: work.id };
    await eventually(() => expect(dropped).toMatchObject([facts]));
    await eventually(async () => expect(await remindersLeft()).toBe(0));
    stop();
  });

  it('asks for the whole of what a write made invalid, however new it is', async () => {
    const version = { fence: 1, send: 4 };
    await keepEntry(store, '/items/4', { version, etag: '"four"' });
    await createEntryWriter(store).markInvalid(refOf('/items/4').urlHash, version);
    await remind('/items/4');
    expect(await fetchWork('later', '/items/4')).toMatchObject({ have: version, validators: [] });
  });

  it('makes of a batch one batch of what is wanted, each on its own conditions, and tells what is moot', async () => {
    const dropped: unknown[] = [];
    const stop = subscribeEvents(corner.bus, ['fetch.dropped'], ({ message }) => void dropped.push(message));
    const version = { fence: 1, send: 4 };
    await keepEntry(store, '/batch/1', { version, etag: '"one"' });
    await keepEntry(store, '/batch/2', { version });
    const items = [itemOf('/batch/1', version), itemOf('/batch/2', { fence: 1, send: 3 }), itemOf('/batch/3')];
    const batch = await remindOfBatch(items);
    const fetch = await fetchOn<FetchBatch>('later', batchToken(batch.id));
    expect(fetch).toMatchObject({ upstream: UPSTREAM, lane: 'later', reason: 'due', cause: batch.id });
    expect(fetch.traceparent.slice(0, 35)).toBe(batch.traceparent.slice(0, 35));
    expect(fetch.items).toEqual([
      {
        ...itemOf('/batch/1', version),
        ...{ requestFields: [['Accept', 'application/json']], validators: [['If-None-Match', '"one"']] },
      },
      { ...itemOf('/batch/3'), requestFields: [], validators: [] },
    ]);
    const { urlHash } = refOf('/batch/2');
    await eventually(() => expect(dropped).toMatchObject([{ urlHash, lane: 'later', reason: 'overtaken' }]));
    await eventually(async () => expect(await remindersLeft()).toBe(0));
    stop();
  });

  it('leaves nothing twice for a batch that comes again', async () => {
    const batch = await remindOfBatch([itemOf('/batch/4'), itemOf('/batch/5')]);
    await fetchOn('later', batchToken(batch.id));
    await eventually(async () => expect(await remindersLeft()).toBe(0));
    const before = await fetchesLeft();
    await publishBatch(batch);
    await eventually(async () => expect(await remindersLeft()).toBe(0));
    expect(await fetchesLeft()).toBe(before);
  });

  it('leaves what of a batch is wanted alone under its key', async () => {
    const version = { fence: 1, send: 4 };
    await keepEntry(store, '/batch/6', { version });
    await remindOfBatch([itemOf('/batch/6'), itemOf('/batch/7')]);
    expect(await fetchWork('later', '/batch/7')).toMatchObject({ ...refOf('/batch/7'), have: null });
  });

  it('leaves one by one what is too much for one message', async () => {
    const version = { fence: 1, send: 4 };
    const paths = Array.from({ length: 20 }, (_, i) => `/large/${i}`);
    const etag = `"${'x'.repeat(8_000)}"`;
    await Promise.all(paths.map((path) => keepEntry(store, path, { version, etag })));
    await remindOfBatch(paths.map((path) => itemOf(path, version)));
    const left = await Promise.all(paths.map((path) => fetchWork('later', path)));
    expect(left.map(({ path }) => path)).toEqual(paths);
    expect(left[0]?.validators).toEqual([['If-None-Match', etag]]);
    await eventually(async () => expect(await remindersLeft()).toBe(0));
  });

  it('learns reads, refreshes and changes once, however many replicas listen', async () => {
    const facts = { ...(await keepEntry(store, '/items/5', { version: { fence: 1, send: 1 } })), intervalMs: 9_000 };
    await corner.publisher.publishEvent('entry.stored', facts, { cause: 'test' });
    await corner.publisher.publishEvent('entry.stored', { ...facts, changed: false }, { cause: 'test' });
    const counts = [[facts.key, 7]];
    const reads = { ...corner.publisher.envelope({ cause: 'test' }), upstream: UPSTREAM, counts };
    corner.publisher.publishCore(corner.bus.subjects.reads, reads);
    const columns = 'reads, refreshes, changes, last_changed_at';
    const read = { name: 'stats', text: `select ${columns} from resource_stat where key = $1` };
    const learned = { reads: expect.closeTo(7, 1), refreshes: 2, changes: 1, last_changed_at: facts.receivedAt };
    const isLearned = async (): Promise<void> => expect(await store.query(read, [facts.key])).toMatchObject([learned]);
    // Reads alone are written every ten seconds.
    await eventually(isLearned, 20_000);
  });

  it('holds reminders while PostgreSQL is away, and goes on when it is back', async () => {
    await postgres.halt();
    await remind('/items/6');
    await eventually(async () => {
      const { stream, durable } = corner.consumers.refresh();
      expect((await corner.bus.jsm.consumers.info(stream, durable)).num_ack_pending).toBe(1);
    });
    await postgres.restart();
    expect(await fetchWork('later', '/items/6')).toMatchObject({ path: '/items/6' });
  });
});
