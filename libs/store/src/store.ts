import { DataSource } from 'typeorm';
import type { Driver } from 'typeorm';
import type { Pool, QueryResultRow } from 'pg';
import { migrate } from './migrate.js';
import { MIGRATIONS } from './migrations/index.js';

export interface StoreLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface StoreOptions {
  readonly url: string;
  /** The PostgreSQL schema; created when missing. */
  readonly schema: string;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  readonly poolSize: number;
  readonly logger: StoreLogger;
}

/** A statement with a name is prepared once per connection. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** One pool on one schema. Queries fail fast while PostgreSQL is away, and work again without hands when it is back. */
export interface Store {
  readonly dataSource: DataSource;
  query<Row extends QueryResultRow>(statement: Statement, values: readonly unknown[]): Promise<Row[]>;
  ping(): Promise<boolean>;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 2_000;
const STATEMENT_TIMEOUT_MS = 15_000;

/** Connects, waiting as long as it takes, and brings the schema up to date. */
export async function openStore(options: StoreOptions, until?: AbortSignal): Promise<Store> {
  const dataSource = createDataSource(options);
  await connectWhenReady(dataSource, options, until);
  try {
    await migrate(dataSource, options.schema);
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
  return storeOn(dataSource);
}

function createDataSource(options: StoreOptions): DataSource {
  return new DataSource({
    type: 'postgres',
    url: options.url,
    schema: options.schema,
    applicationName: options.applicationName,
    poolSize: options.poolSize,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    parseInt8: true,
    entities: [],
    migrations: MIGRATIONS,
    migrationsTableName: 'migration',
    poolErrorHandler: (error: Error) => options.logger.warn({ err: error }, 'an idle PostgreSQL connection was lost'),
    extra: {
      // A prepared statement keeps the plan that was made when its tables were small: to read them whole is right then, and
      // ruinous once they have grown. All our lookups have an index; a statement that has none reads the whole table all the same.
      // Before PostgreSQL 18 such a scan is then priced so high that it would be compiled first, for longer than it lasts: hence no JIT.
      options: [
        `-c search_path=${quoteName(options.schema)}`,
        `-c statement_timeout=${STATEMENT_TIMEOUT_MS}`,
        '-c enable_seqscan=off -c jit=off',
      ].join(' '),
      keepAlive: true,
    },
  });
}

async function connectWhenReady(dataSource: DataSource, options: StoreOptions, until?: AbortSignal): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await dataSource.initialize();
      return;
    } catch (error) {
      if (until?.aborted === true || !isPassing(error)) throw error;
      if (attempt === 1)
        options.logger.info({ err: error }, 'waiting for PostgreSQL; check PENSTOCK_POSTGRES_URL if this lasts');
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

/** Refused, timed out, starting up: worth another try. A wrong password or database is not. */
function isPassing(error: unknown): boolean {
  const code = (error as { code?: string }).code ?? '';
  const isWrong = /^(28|3D|42)/.test(code);
  return !isWrong;
}

function storeOn(dataSource: DataSource): Store {
  // TypeORM keeps pg's own pool in `master`; going there directly allows named (prepared) statements.
  const { master: pool } = dataSource.driver as Driver & { master: Pool };
  return {
    dataSource,
    async query<Row extends QueryResultRow>(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
      const result = await pool.query<Row>({ name: statement.name, text: statement.text, values: [...values] });
      return result.rows;
    },
    ping: () =>
      pool.query('select 1').then(
        () => true,
        () => false,
      ),
    close: () => dataSource.destroy(),
  };
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
