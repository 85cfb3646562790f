import { afterAll, beforeAll, expect, it } from 'vitest';
import { subscribeEvents, type StopListening } from '#bus';
import { batchToken, DEFAULT_BUCKET, type EventPayloads, type FetchBatch } from '#contracts';
import type { Store } from '#store';
import { startOwnUpstream, type OwnUpstream } from '../e2e/own-upstream.js';
import { startNats, startPostgres, type RealServer } from '../support/real-servers.js';
import type { TestStack } from '../support/stack.js';
import { busIn, eventually, leave, type Corner } from './bus-fixture.js';
import { configure, refOf, startOnly, storeOf, UPSTREAM, upstreamConfig } from './planning-fixture.js';

/** More than fit into the window, of which only the first is counted. */
const COUNT = 24;
const WINDOW = { limit: 16, perMs: 120_000 };
const ETAG = '"same"';

let nats: RealServer;
let postgres: RealServer;
let upstream: OwnUpstream;
let corner: Corner;
let store: Store;
let stack: TestStack;
let stopListening: StopListening;
const answered: EventPayloads['fetch.answered'][] = [];

beforeAll(async () => {
  [nats, postgres, upstream] = await Promise.all([startNats(), startPostgres(), startOwnUpstream()]);
  corner = await busIn(nats.url);
  store = await storeOf(corner, postgres.url);
  stopListening = subscribeEvents(corner.bus, ['fetch.answered'], ({ message }) => void answered.push(message));
  upstream.on('/items/', ({ headers }, response) => {
    const isSame = headers['if-none-match'] === ETAG;
    response.writeHead(isSame ? 304 : 200, { ETag: ETAG, 'Cache-Control': 'max-age=60' }).end(isSame ? '' : '{}');
  });
  const config = { ...upstreamConfig('{}'), baseUrl: upstream.url, allowPrivateAddresses: true };
  await configure(store, { ...config, limits: { ...config.limits, windows: [WINDOW], notModifiedCost: 0 } });
  stack = await startOnly('dispatcher', { corner, natsUrl: nats.url, postgresUrl: postgres.url });
});
afterAll(async () => {
  stopListening();
  await stack.stop();
  await leave(corner);
  await store.close();
  await Promise.all([nats.stop(), postgres.stop(), upstream.close()]);
});

async function leaveBatch(ids: readonly number[], have: FetchBatch['items'][number]['have']): Promise<void> {
  const { bus, publisher } = corner;
  const batch: FetchBatch = {
    ...publisher.envelope({ cause: 'test' }),
    ...{ upstream: UPSTREAM, partition: 'shared', lane: 'later', reason: 'due', configVersion: 1 },
    items: ids.map((id) => {
      const { path, key, urlHash, variant } = refOf(`/items/${id}`, upstream.url);
      const validators = have === null ? [] : [['If-None-Match', ETAG] as const];
      return { path, key, urlHash, variant, have, requestFields: [], validators };
    }),
  };
  const subject = bus.subjects.fetch('later', UPSTREAM, DEFAULT_BUCKET, batchToken(batch.id));
  expect(await publisher.publishWork(subject, batch)).toBe('stored');
}

it('a vendor that does not count its 304s is asked for as many as there are, and they are told to be free', async () => {
  await leaveBatch([1], null);
  await eventually(() => expect(answered).toMatchObject([{ status: 200 }]), 20_000);
  for (let n = 1; n <= COUNT; n += 1) {
    await leaveBatch([1], answered.at(-1)?.version ?? null);
    await eventually(() => expect(answered).toHaveLength(n + 1), 20_000);
  }
  expect(upstream.calls).toHaveLength(COUNT + 1);
  expect(answered.slice(1).map(({ cost }) => cost)).toEqual(Array.from({ length: COUNT }, () => 0));
  expect(answered[0]).not.toHaveProperty('cost');
});
