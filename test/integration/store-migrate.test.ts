import { expect, onTestFinished, test, vi } from 'vitest';
import { StoreNewerThanCode, type Store } from '#store';
import { withClient } from '../../apps/stack/src/postgres.js';
import { freshDatabase } from '../support/servers.js';
import { gateBefore, openAt } from './store-fixture.js';

const TABLES = [
  'body',
  'entry',
  'invalid',
  'known_stale',
  'list_cursor',
  'migration',
  'reply',
  'resource',
  'resource_stat',
  'scope_view',
  'upstream',
];

async function opened(...args: Parameters<typeof openAt>): Promise<Store> {
  const store = await openAt(...args);
  onTestFinished(() => store.close());
  return store;
}

async function tablesOf(store: Store, schema: string): Promise<string[]> {
  const rows = await store.query<{ name: string }>(
    { name: 'tables', text: 'select tablename as name from pg_tables where schemaname = $1 order by 1' },
    [schema],
  );
  return rows.map((row) => row.name);
}

async function migrationsOf(store: Store): Promise<string[]> {
  const rows: { name: string }[] = await store.dataSource.query('select name from migration order by id');
  return rows.map((row) => row.name);
}

test('a fresh database gets its schema and all tables in it', async () => {
  const store = await opened(await freshDatabase('migrate'), { schema: 'own' });
  expect(await tablesOf(store, 'own')).toEqual(TABLES);
  expect(await tablesOf(store, 'public')).toEqual([]);
});

test('a second start changes nothing, and what is stored stays', async () => {
  const url = await freshDatabase('migrate_twice');
  const first = await opened(url);
  await first.dataSource.query(`insert into invalid (url_hash, fence, send) values ('u', 1, 2)`);
  const second = await opened(url);
  expect(await migrationsOf(second)).toEqual(await migrationsOf(first));
  expect(await second.dataSource.query('select send from invalid')).toEqual([{ send: 2 }]);
});

test('replicas that start at once migrate once', async () => {
  const url = await freshDatabase('migrate_at_once');
  const [first] = await Promise.all([1, 2, 3, 4].map(() => opened(url, { poolSize: 1 })));
  expect(first && (await migrationsOf(first))).toEqual([
    'FirstLight1700000000001',
    'BodiesAsTheyCome1700000000002',
    'DeferredAnswers1700000000003',
    'RatesOfChange1700000000004',
    'KnownStale1700000000005',
    'ListCursors1700000000006',
  ]);
});

test('a replica waits for the one that migrates', async () => {
  const url = await freshDatabase('migrate_waits');
  await withClient(url, async (other) => {
    await other.query('select pg_advisory_lock(7367001)');
    const opening = opened(url);
    const waiting = `select 1 from pg_locks where locktype = 'advisory' and not granted
      and database = (select oid from pg_database where datname = current_database())`;
    await vi.waitFor(async () => expect((await other.query(waiting)).rowCount).toBe(1));
    expect((await other.query(`select to_regclass('penstock.entry') as entry`)).rows).toEqual([{ entry: null }]);
    await other.query('select pg_advisory_unlock(7367001)');
    expect(await tablesOf(await opening, 'penstock')).toEqual(TABLES);
  });
});

test('two namespaces share one database without meeting', async () => {
  const url = await freshDatabase('migrate_two');
  const [one, two] = await Promise.all([opened(url, { schema: 'one' }), opened(url, { schema: 'two' })]);
  await one.dataSource.query(`insert into invalid (url_hash, fence, send) values ('u', 1, 2)`);
  expect(await two.dataSource.query('select * from invalid')).toEqual([]);
});

test('a database that a newer Penstock has migrated is refused by name, with what to do', async () => {
  const url = await freshDatabase('migrate_newer');
  const store = await opened(url);
  await store.dataSource.query(
    `insert into migration (timestamp, name) values (1800000000000, 'FromTomorrow1800000000000')`,
  );
  const refusal = await openAt(url).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(StoreNewerThanCode);
  expect((refusal as Error).message).toMatch(/penstock.*FromTomorrow1800000000000.*start that version/);
});

test('a start that is refused leaves no connection behind', async () => {
  const url = await freshDatabase('migrate_refused');
  const store = await opened(url);
  await store.dataSource.query(`insert into migration (timestamp, name) values (1, 'FromTomorrow1')`);
  await openAt(url, { poolSize: 2 }).catch(() => undefined);
  const others = 'select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()';
  await withClient(url, async (client) => {
    await store.close();
    await vi.waitFor(async () => expect((await client.query(others)).rowCount).toBe(0));
    await store.dataSource.initialize(); // for the close at the end of the test
  });
});

test('no migration goes back', async () => {
  const { dataSource } = await opened(await freshDatabase('migrate_back'));
  await expect(dataSource.undoLastMigration()).rejects.toThrow('only go forward');
  expect(await dataSource.query('select to_regclass($1) is not null as kept', ['entry'])).toEqual([{ kept: true }]);
});

test('a start waits until PostgreSQL takes connections', async () => {
  const gate = await gateBefore(await freshDatabase('migrate_away'));
  onTestFinished(() => gate.close());
  await gate.close();
  const said: string[] = [];
  const opening = openAt(gate.url, { say: (line) => void said.push(line) });
  await vi.waitFor(() => expect(said.join()).toContain('waiting for PostgreSQL'));
  await gate.open();
  const store = await opening;
  expect(await tablesOf(store, 'penstock')).toEqual(TABLES);
  await store.close();
});

test('a start does not wait for a database that does not exist', async () => {
  const url = new URL(await freshDatabase('migrate_wrong'));
  url.pathname = '/no_such_database';
  await expect(openAt(url.href)).rejects.toMatchObject({ code: '3D000' });
});
