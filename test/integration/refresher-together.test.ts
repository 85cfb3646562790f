import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Version } from '#core';
import { batchToken, DEFAULT_BUCKET, type FetchBatch, type RefreshBatch } from '#contracts';
import type { Store } from '#store';
import { startNats, startPostgres, type RealServer } from '../support/real-servers.js';
import type { TestStack } from '../support/stack.js';
import { busIn, eventually, leave, type Corner } from './bus-fixture.js';
import { keepEntry, refOf, startOnly, storeOf, UPSTREAM } from './planning-fixture.js';

const MATCH = '/items/{id}';
let nats: RealServer;
let postgres: RealServer;
let corner: Corner;
let store: Store;
let stack: TestStack;

beforeAll(async () => {
  [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  corner = await busIn(nats.url);
  store = await storeOf(corner, postgres.url);
  stack = await startOnly('refresher', { corner, natsUrl: nats.url, postgresUrl: postgres.url });
});
afterAll(async () => {
  await stack.stop();
  await leave(corner);
  await store.close();
  await Promise.all([nats.stop(), postgres.stop()]);
});

async function remindOf(paths: readonly string[], have: Version | null = null): Promise<RefreshBatch> {
  const told = {
    partition: 'shared',
    reason: 'due',
    bucket: DEFAULT_BUCKET,
    configVersion: 1,
    together: MATCH,
  } as const;
  const items = paths.map((path) => {
    const { key, urlHash, variant } = refOf(path);
    return { path, key, urlHash, variant, have };
  });
  const batch: RefreshBatch = { ...corner.publisher.envelope({ cause: 'test' }), ...told, upstream: UPSTREAM, items };
  const subject = corner.bus.subjects.refresh('later', UPSTREAM, batchToken(batch.id));
  expect(await corner.publisher.publishWork(subject, batch)).toBe('stored');
  return batch;
}

async function fetchOn(token: string): Promise<FetchBatch> {
  const { bus, consumers } = corner;
  const { stream } = consumers.fetch('later', UPSTREAM, DEFAULT_BUCKET);
  const subject = bus.subjects.fetch('later', UPSTREAM, DEFAULT_BUCKET, token);
  return eventually(async () => {
    const message = await bus.jsm.streams.getMessage(stream, { last_by_subj: subject });
    if (message === null) throw new Error(`expected a message on ${subject}`);
    return message.json<FetchBatch>();
  });
}

it('what one call is to bring stays together, except what is asked for with other fields', async () => {
  const stored = ['/items/3', '/items/4'];
  const version = { fence: 1, send: 4 };
  for (const path of stored) await keepEntry(store, path, { version });
  const { key } = refOf('/items/3');
  const batch = await remindOf(['/items/1', '/items/2', ...stored], version);
  const first = await fetchOn(batchToken(batch.id));
  const second = await fetchOn(batchToken(`${batch.id}-1`));
  expect([first.together, second.together]).toEqual([MATCH, MATCH]);
  expect(first.items.map(({ path }) => path)).toEqual(['/items/1', '/items/2']);
  expect(second.items.map(({ path }) => path)).toEqual(stored);
  expect(second.items[0]).toMatchObject({ key, requestFields: [['Accept', 'application/json']] });
});

it('one that is left of them is fetched as any other', async () => {
  await keepEntry(store, '/items/6', { version: { fence: 1, send: 4 } });
  await remindOf(['/items/5', '/items/6']);
  expect(await fetchOn(refOf('/items/5').key)).not.toHaveProperty('together');
});
