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
  await runner.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
  try {
    await runner.query(`create schema if not exists "${schema.replaceAll('"', '""')}"`);
    await refuseNewer(runner, schema);
    await dataSource.runMigrations();
  } finally {
    await runner.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
    await runner.release();
  }
}

async function refuseNewer(runner: QueryRunner, schema: string): Promise<void> {
  const [found] = (await runner.query(`select to_regclass($1) is not null as exists`, [`"${schema}".migration`])) as {
    exists: boolean;
  }[];
  if (found?.exists !== true) return;
  const known = new Set(MIGRATIONS.map((migration) => new migration().name));
  const rows = (await runner.query('select name from migration order by id')) as { name: string }[];
  const unknown = rows.map((row) => row.name).filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  throw new StoreNewerThanCode(
    `the schema ${schema} was migrated by a newer Penstock (${unknown.join(', ')}); start that version, or restore a backup`,
  );
}
