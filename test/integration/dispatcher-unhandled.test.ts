import { afterAll, beforeAll, expect, it } from 'vitest';
import { again, openPull, subscribeEvents, type StopListening } from '#bus';
import { batchToken, DEFAULT_BUCKET, type EventPayloads, type FetchBatch, type FetchWork } from '#contracts';
import type { Store } from '#store';
import { startNats, startPostgres, type RealServer } from '../support/real-servers.js';
import type { TestStack } from '../support/stack.js';
import { busIn, eventually, leave, type Corner } from './bus-fixture.js';
import { configure, refOf, startOnly, storeOf, UPSTREAM, upstreamConfig } from './planning-fixture.js';

let nats: RealServer;
let postgres: RealServer;
let corner: Corner;
let store: Store;
let stack: TestStack;
let stopListening: StopListening;
const dropped: EventPayloads['fetch.dropped'][] = [];

beforeAll(async () => {
  [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  corner = await busIn(nats.url);
  store = await storeOf(corner, postgres.url);
  await configure(store, upstreamConfig('{}'));
  stopListening = subscribeEvents(corner.bus, ['fetch.dropped'], ({ message }) => void dropped.push(message));
  await leaveGarbled();
  await leaveOften();
  stack = await startOnly('dispatcher', { corner, natsUrl: nats.url, postgresUrl: postgres.url });
});
afterAll(async () => {
  stopListening();
  await stack.stop();
  await leave(corner);
  await store.close();
  await Promise.all([nats.stop(), postgres.stop()]);
});

const subjectOf = (key: string): string => corner.bus.subjects.fetch('later', UPSTREAM, DEFAULT_BUCKET, key);
const asked = { partition: 'shared', lane: 'later', reason: 'due', configVersion: 1 } as const;
const unread = { have: null, requestFields: [], validators: [] };

async function leaveGarbled(): Promise<void> {
  await corner.bus.js.publish(subjectOf('garbled'), 'no JSON');
}

/** Handed out, and given back each time: one alone, and three in a batch. */
async function leaveOften(): Promise<void> {
  const { bus, publisher, consumers } = corner;
  const single: FetchWork = { ...publisher.envelope({ cause: 'test' }), ...asked, ...refOf('/single'), ...unread };
  const items = ['/batch/1', '/batch/2', '/batch/3'].map((path) => ({ ...refOf(path), ...unread }));
  const batch: FetchBatch = { ...publisher.envelope({ cause: 'test' }), ...asked, upstream: UPSTREAM, items };
  await publisher.publishWork(subjectOf(refOf('/single').key), single);
  await publisher.publishWork(subjectOf(batchToken(batch.id)), batch);
  let mostOften = 0;
  const pull = openPull<FetchWork | FetchBatch>(bus, consumers.fetch('later', UPSTREAM, DEFAULT_BUCKET), {
    publisher: { ...publisher, publishDead: () => Promise.resolve('away') },
    room: () => 10,
    handle: ({ deliveryCount }) => {
      mostOften = Math.max(mostOften, deliveryCount);
      return Promise.resolve(again(1));
    },
  });
  await eventually(() => expect(mostOften).toBe(10));
  await pull.stop({ giveBack: true });
}

const WITHIN_MS = 20_000;

it('work that was delivered too often is told dropped, each piece of a batch for itself, with what it was', async () => {
  const paths = ['/batch/1', '/batch/2', '/batch/3', '/single'];
  const found = (): EventPayloads['fetch.dropped'][] => dropped.filter(({ reason }) => reason === 'undeliverable');
  await eventually(() => expect(new Set(found().map(({ path }) => path))).toEqual(new Set(paths)), WITHIN_MS);
  for (const path of paths) expect(found().find((facts) => facts.path === path)).toMatchObject(refOf(path));
});

it('work that cannot be read is told dropped by what its subject says', async () => {
  await eventually(
    () =>
      expect(dropped.find(({ reason }) => reason === 'undecodable')).toMatchObject({
        ...{ upstream: UPSTREAM, key: 'garbled', lane: 'later', attempts: 0 },
      }),
    WITHIN_MS,
  );
});
