import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type { Store } from '#store';
import { startPostgres, type RealServer } from '../support/real-servers.js';
import { answer, at, cornerAt, openAt, renewal, type Corner } from './store-fixture.js';

let server: RealServer;
let corner: Corner;
let another: Store;

beforeAll(async () => {
  // Its own: a transaction that lasts, in whichever database of a server, keeps the dead rows of all from being cleaned away.
  server = await startPostgres();
  corner = cornerAt(server.url, await openAt(server.url, { poolSize: 1 }));
  another = await openAt(corner.url, { poolSize: 1 });
  // Some plans happen to sort; without them only what the statement itself sorts is sorted.
  for (const { dataSource } of [corner.store, another])
    await dataSource.query('set enable_mergejoin = off; set enable_hashjoin = off');
}, 60_000);
beforeEach(() => corner.sql('truncate entry, body, invalid'));
afterAll(async () => {
  await Promise.all([corner.store.close(), another.close()]);
  await server.stop();
});

const ROUNDS = 50;
const KEYS = Array.from({ length: 30 }, (_, i) => `k${String(i).padStart(2, '0')}`);

it('two writers of the same keys in opposite order never deadlock, and the newest version stays', async () => {
  const writers = [corner.writer, cornerAt(corner.url, another).writer];
  for (let round = 1; round <= ROUNDS; round += 1) {
    // Bodies of its own, on which no writer waits for the other before it comes to the entries.
    const batch = (send: number): ReturnType<typeof answer>[] =>
      KEYS.map((key) => answer(key, at(1, send), `body of ${key} by ${send % 2}`));
    await Promise.all([
      writers[0]?.writeEntries(batch(round * 2)),
      writers[1]?.writeEntries(batch(round * 2 + 1).reverse()),
    ]);
  }
  const versions = await corner.sql<{ send: number }>('select distinct send from entry');
  expect(versions).toEqual([{ send: ROUNDS * 2 + 1 }]);
});

it('two writers that exchange the same bodies in opposite directions never deadlock', async () => {
  const writers = [corner.writer, cornerAt(corner.url, another).writer];
  const batch = (side: number, round: number): ReturnType<typeof answer>[] =>
    KEYS.map((key, i) => answer(`${side} ${key}`, at(1, round), `body ${i} ${(side + round) % 2}`));
  for (let round = 1; round <= ROUNDS; round += 1) {
    await Promise.all([writers[0]?.writeEntries(batch(0, round)), writers[1]?.writeEntries(batch(1, round).reverse())]);
  }
  expect(await corner.sql('select count(*)::integer as count from body')).toEqual([{ count: KEYS.length * 2 }]);
});

it('writing and collecting at once never deadlock, and no body is lost under an entry', async () => {
  const collector = cornerAt(corner.url, another);
  for (let round = 1; round <= ROUNDS; round += 1) {
    await Promise.all([
      corner.writer.writeEntries(KEYS.map((key, i) => answer(key, at(1, round), `body ${(i + round) % 9}`))),
      collector
        .sql(
          `update body set touched_at = now() - interval '1 hour' where hash in (
          select hash from body order by hash for no key update)`,
        )
        .then(() => collector.writer.collectEntries(2_000, 10))
        .then(() => collector.writer.collectBodies(10)),
    ]);
  }
  const read = await Promise.all(KEYS.map((key) => corner.repository.readByKey(key)));
  expect(read.filter((stored) => stored !== undefined).length).toBeGreaterThan(0);
});

it('refreshes that bring the same body again, or none, are HOT updates once the pages have room for them', async () => {
  const refresh = (send: number, make = answer): Promise<unknown> =>
    corner.writer.writeEntries(
      KEYS.map((key) => ({ ...make(key, at(1, send), `body of ${key}`, { receivedAt: send }), tags: ['all', key] })),
    );
  for (let send = 1; send <= 10; send += 1) await refresh(send);
  const before = await updates();
  await refresh(11);
  await refresh(12, renewal);
  await vi.waitFor(async () => {
    const after = await updates();
    expect(after.all - before.all).toBe(KEYS.length * 2);
    expect(after.hot - before.hot).toBe(KEYS.length * 2);
  });
});

/** The statistics of a session reach the view when it is told to flush them: the pool is one connection. */
async function updates(): Promise<{ all: number; hot: number }> {
  await corner.sql('select pg_stat_force_next_flush()');
  const [row] = await corner.sql<{ all: number; hot: number }>(
    `select n_tup_upd as all, n_tup_hot_upd as hot from pg_stat_user_tables
     where relname = 'entry' and schemaname = 'penstock'`,
  );
  return row ?? { all: 0, hot: 0 };
}

it('the store stays as large as it is under steady refresh', async () => {
  const keys = Array.from({ length: 300 }, (_, i) => `item ${i}`);
  const refresh = (round: number): Promise<unknown> =>
    corner.writer.writeEntries(keys.map((key) => answer(key, at(1, round), `body of ${key} `.repeat(10))));
  for (let round = 1; round <= 10; round += 1) await refresh(round);
  const before = await size();
  for (let round = 11; round <= 40; round += 1) await refresh(round);
  expect(await size()).toBeLessThanOrEqual(before * 1.1);
});

/** With indexes. No vacuum in between: pages are cleaned as they are written to. */
async function size(): Promise<number> {
  const [row] = await corner.sql<{ bytes: number }>(
    `select (pg_total_relation_size('entry') + pg_total_relation_size('body'))::integer as bytes`,
  );
  return row?.bytes ?? 0;
}
