import { execFile } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { inherited } from './config.js';
import type { KeptServer } from './kept-server.js';
import { findPostgres, type PostgresBinaries } from './postgres-binary.js';
import { postgresUser, runAs, type PostgresUser } from './postgres-user.js';
import { StackError, diskError, systemCode } from './stack-error.js';

const run = promisify(execFile);
const superuser = 'penstock';

export interface PostgresPlan {
  dataDir: string;
  port: number;
  /** False for tests only: nothing is forced to the disk. */
  durable: boolean;
}

export function postgresUrl(port: number, database = 'penstock'): string {
  return `postgres://${superuser}@127.0.0.1:${port}/${database}`;
}

/** Makes the cluster unless it is there, and says how to run it. */
export async function preparePostgres({ dataDir, port, durable }: PostgresPlan): Promise<KeptServer> {
  const binaries = findPostgres();
  mkdirSync(dirname(dataDir), { recursive: true });
  const user = postgresUser([dataDir, binaries.postgres]);
  if (!existsSync(dataDir)) await createCluster(dataDir, binaries, user);
  await requireSameVersion(dataDir, binaries);
  own(dataDir, user);
  const { command, args, ids } = runAs(user, binaries.postgres, ['-D', dataDir, ...settings(port, durable)]);
  return { command, args, cwd: '/', user: ids, stop: fastShutdown };
}

// SIGINT rolls open transactions back and writes a checkpoint; SIGQUIT leaves recovery to the next start.
const fastShutdown: KeptServer['stop'] = [
  { signal: 'SIGINT', waitMs: 2_500 },
  { signal: 'SIGQUIT', waitMs: 500 },
  { signal: 'SIGKILL', waitMs: 1_000 },
];

function settings(port: number, durable: boolean): string[] {
  const chosen: Record<string, string | number> = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 100,
    shared_buffers: '128MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // Off, a kill -9 still loses nothing: only a crash of the machine would.
    fsync: durable ? 'on' : 'off',
  };
  return Object.entries(chosen).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** Made beside its place and then renamed: an interrupted initdb leaves nothing that looks like a cluster. */
async function createCluster(dataDir: string, binaries: PostgresBinaries, user: PostgresUser): Promise<void> {
  const unfinished = `${dataDir}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  own(unfinished, user);
  const { command, args, ids } = runAs(user, binaries.initdb, [
    `--pgdata=${unfinished}`,
    `--username=${superuser}`,
    '--auth=trust', // it listens on loopback only
    '--encoding=UTF8',
    // The server's own C.UTF-8, so that text sorts alike on every machine, whatever locales it has.
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    '--no-sync',
  ]);
  try {
    await run(command, args, {
      cwd: '/',
      ...(ids && { uid: ids.uid, gid: ids.gid }),
      env: { ...inherited, LC_ALL: 'C' },
    });
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    throw initdbFailed(dataDir, error);
  }
  renameSync(unfinished, dataDir);
}

function own(dataDir: string, user: PostgresUser): void {
  if (user.kind !== 'self') chownSync(dataDir, user.uid, user.gid);
}

function initdbFailed(dataDir: string, error: unknown): StackError {
  const words = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
  if (/no space left/i.test(words)) return diskError(Object.assign(new Error(words), { code: 'ENOSPC' }), dataDir);
  return new StackError(
    'postgres',
    `expected to make a PostgreSQL cluster in ${dataDir}, found:\n    ${words.replaceAll('\n', '\n    ')}`,
    'correct that, or set PENSTOCK_POSTGRES_URL to a server of your own',
    error,
  );
}

async function requireSameVersion(dataDir: string, binaries: PostgresBinaries): Promise<void> {
  const made = readVersion(dataDir);
  const { stdout } = await run(binaries.postgres, ['--version'], { cwd: '/' });
  const running = /\d+/.exec(stdout)?.[0] ?? '';
  if (made === running) return;
  throw new StackError(
    'postgres',
    `expected data of PostgreSQL ${running} in ${dataDir}, found ${made ? `data of PostgreSQL ${made}` : 'no PG_VERSION'}`,
    'move that folder away (the cache fills again), or set PENSTOCK_DATA_DIR',
  );
}

function readVersion(dataDir: string): string {
  try {
    return readFileSync(join(dataDir, 'PG_VERSION'), 'utf8').trim();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return '';
    throw diskError(error, dataDir);
  }
}

export async function postgresAnswers(url: string): Promise<boolean> {
  return withClient(url, async (client) => {
    await client.query('select 1');
    return true;
  });
}

export async function ensureDatabase(adminUrl: string, name: string): Promise<void> {
  await withClient(adminUrl, async (client) => {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`);
  });
}

export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined); // a server that ends while we ask rejects the query; that is enough
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
