import { MigrationExecutor } from 'typeorm';
import type { DataSource, QueryRunner } from 'typeorm';
import { MIGRATIONS } from './migrations/index.js';

/** Replicas that start at once take turns here. The number is arbitrary; it only has to be ours. */
const MIGRATION_LOCK = 7_367_001;

export class StoreNewerThanCode extends Error {
  override readonly name = 'StoreNewerThanCode';
  readonly code = 'store_newer_than_code';
}

/** Forward only, once, whoever comes first. @throws StoreNewerThanCode when the database knows migrations that this code does not. */
export async function migrate(dataSource: DataSource, schema: string): Promise<void> {
  const runner = dataSource.createQueryRunner();
  try {
    // Waiting for one's turn, and rewriting a large table, may take longer than any other statement may.
    await runner.query('set statement_timeout = 0');
    await runner.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await runner.query(`create schema if not exists "${schema.replaceAll('"', '""')}"`);
    await refuseNewer(runner, schema);
    await runPending(dataSource, runner);
  } finally {
    await runner.query('select pg_advisory_unlock_all()').catch(() => undefined);
    await runner.query('reset statement_timeout').catch(() => undefined);
    await runner.release();
  }
}

/** On the connection that holds the lock. */
async function runPending(dataSource: DataSource, runner: QueryRunner): Promise<void> {
  const executor = new MigrationExecutor(dataSource, runner);
  executor.transaction = 'all';
  await executor.executePendingMigrations();
}

async function refuseNewer(runner: QueryRunner, schema: string): Promise<void> {
  const [found] = (await runner.query(`select to_regclass($1) is not null as exists`, [`"${schema}".migration`])) as {
    exists: boolean;
  }[];
  if (found?.exists !== true) return;
  const known = new Set<string>(MIGRATIONS.map((migration) => new migration().name));
  const rows = (await runner.query('select name from migration order by id')) as { name: string }[];
  const unknown = rows.map((row) => row.name).filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  throw new StoreNewerThanCode(
    `the schema ${schema} was migrated by a newer Penstock (${unknown.join(', ')}); start that version, or restore a backup`,
  );
}
