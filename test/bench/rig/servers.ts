import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inherited, rootDir } from '../../../apps/stack/src/config.js';
import { findNatsServer, natsCacheDirs, realSources } from '../../../apps/stack/src/nats-server-binary.js';
import { freePort } from '../../../apps/stack/src/ports.js';
import { withClient } from '../../../apps/stack/src/postgres.js';
import type { Progress } from '../../../apps/stack/src/progress.js';
import { natsServer, postgresServer } from '../../../apps/stack/src/servers.js';
import { stopAll, type Supervised } from '../../../apps/stack/src/supervised.js';
import { findRedis, redisServer } from './redis.js';

export type RedisPlace = { kind: 'up'; port: number } | { kind: 'not available'; reason: string };

/** What the systems of a bench stand on. Ports are free ones and the folder its own: a running `npm start` is not disturbed. */
export interface Servers {
  postgresUrl: string;
  natsUrl: string;
  redis: RedisPlace;
  versions: Record<string, string>;
  pids(): Record<string, number | undefined>;
  stop(): Promise<void>;
}

export interface ServersOrder {
  progress: Progress;
  signal: AbortSignal;
  /** Whether a peer that needs Redis is measured. */
  redis: boolean;
}

export async function openServers(order: ServersOrder): Promise<Servers> {
  const folder = makeFolder();
  const up: Supervised[] = [];
  const stop = async (): Promise<void> => {
    await stopAll(up);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const nats = await openNats(order, folder, up);
    const postgres = await openPostgres(order, folder, up);
    const redis = await openRedis(order, folder, up);
    return {
      natsUrl: nats.url,
      postgresUrl: postgres.url,
      redis: redis.place,
      versions: { 'nats-server': nats.version, postgres: postgres.version, ...redis.versions },
      pids: () => Object.fromEntries(up.map(({ name, pid }) => [name, pid])),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function openNats(
  { progress, signal }: ServersOrder,
  folder: string,
  up: Supervised[],
): Promise<{ url: string; version: string }> {
  const cacheDirs = natsCacheDirs(join(rootDir, '.penstock'), inherited);
  const { path, version } = await findNatsServer(realSources(cacheDirs, inherited, signal), progress);
  progress.step(`starting nats-server ${version}`);
  const place = { dataDir: join(folder, 'nats'), logDir: join(folder, 'log'), port: await freePort(), binary: path };
  const { url, server } = natsServer(place, progress);
  up.push(server);
  await server.start();
  return { url, version };
}

async function openPostgres(
  { progress, signal }: ServersOrder,
  folder: string,
  up: Supervised[],
): Promise<{ url: string; version: string }> {
  signal.throwIfAborted();
  progress.step('starting PostgreSQL');
  const place = { dataDir: join(folder, 'postgres'), logDir: join(folder, 'log'), port: await freePort() };
  const { url, server } = postgresServer({ ...place, durable: true }, progress);
  up.push(server);
  await server.start();
  const version = await withClient(url, async (client) => {
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    return rows[0]?.server_version ?? 'unknown';
  });
  return { url, version };
}

async function openRedis(
  { progress, signal, redis }: ServersOrder,
  folder: string,
  up: Supervised[],
): Promise<{ place: RedisPlace; versions: Record<string, string> }> {
  if (!redis) return { place: { kind: 'not available', reason: 'not asked for' }, versions: {} };
  signal.throwIfAborted();
  const found = await findRedis(progress, signal);
  if (found.kind === 'not available') return { place: found, versions: {} };
  progress.step(`starting Redis ${found.version}`);
  const port = await freePort();
  const server = redisServer({ command: found.command, port, logDir: join(folder, 'log') }, progress);
  up.push(server);
  await server.start();
  return { place: { kind: 'up', port }, versions: { redis: found.version } };
}

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-bench-'));
  mkdirSync(join(folder, 'log'));
  chmodSync(folder, 0o711); // PostgreSQL may run as another user, who passes through
  return folder;
}
