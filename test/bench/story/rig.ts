import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { inherited, rootDir } from '../../../apps/stack/src/config.js';
import { findNatsServer, natsCacheDirs, realSources } from '../../../apps/stack/src/nats-server-binary.js';
import { freePort } from '../../../apps/stack/src/ports.js';
import { withClient } from '../../../apps/stack/src/postgres.js';
import type { Progress } from '../../../apps/stack/src/progress.js';
import { natsServer, postgresServer } from '../../../apps/stack/src/servers.js';
import { serviceNames } from '../../../apps/stack/src/services.js';
import { stopAll, type Supervised } from '../../../apps/stack/src/supervised.js';
import { startStack, type TestStack } from '../../support/stack.js';
import { demoProfile, penstockConfig, type Story } from './stories.js';

/** What a story runs on. Ports are free ones and folders its own: a running `npm start` is not disturbed. */
export interface Rig {
  stack: TestStack;
  versions: Record<string, string>;
  /** Process ids by name, the servers' too. */
  pids(): Record<string, number | undefined>;
  databaseBytes(): Promise<number | null>;
  stop(): Promise<void>;
}

export interface RigOrder {
  story: Story;
  seed: number;
  progress: Progress;
  signal: AbortSignal;
}

/** Penstock whole: the servers as `npm start` runs them, the four services, the demo upstream. */
export async function penstockRig(order: RigOrder): Promise<Rig> {
  const folder = makeFolder();
  const servers: Supervised[] = [];
  const stop = async (): Promise<void> => {
    await stopAll(servers);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const { natsUrl, natsVersion } = await nats(order, folder, servers);
    const postgresUrl = await postgres(order, folder, servers);
    order.progress.step('starting the four services and the demo upstream');
    const stack = await openStack({ ...order, postgresUrl, natsUrl });
    return {
      stack,
      versions: { 'nats-server': natsVersion, postgres: await postgresVersion(postgresUrl) },
      pids: () => pidsOf(stack, servers),
      databaseBytes: () => databaseBytes(postgresUrl),
      stop: async () => {
        await stack.stop();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The demo upstream alone. */
export async function plainRig(order: RigOrder): Promise<Rig> {
  order.progress.step('starting the demo upstream alone');
  const replicas = Object.fromEntries(serviceNames.map((name) => [name, 0]));
  const stack = await startStack({ ...demoOf(order), config: '', postgresUrl: '', natsUrl: '', replicas });
  favourTheJudge(stack, order.progress);
  return {
    stack,
    versions: {},
    pids: () => pidsOf(stack, []),
    databaseBytes: async () => null,
    stop: () => stack.stop(),
  };
}

async function openStack(of: RigOrder & { postgresUrl: string; natsUrl: string }): Promise<TestStack> {
  const stack = await startStack({
    ...demoOf(of),
    config: penstockConfig(of.story),
    postgresUrl: of.postgresUrl,
    natsUrl: of.natsUrl,
  });
  favourTheJudge(stack, of.progress);
  return stack;
}

/** On the priority scale from -20 to 19. */
const JUDGE_PRIORITY = -10;

/** The judge stands for another machine: its stamps must not be late because those whom it judges take the processor. */
function favourTheJudge(stack: TestStack, progress: Progress): void {
  const pid = stack.pid('demo-upstream');
  try {
    if (pid !== undefined) setPriority(pid, JUDGE_PRIORITY);
  } catch {
    progress.warn(
      'the judge runs at the priority of all others, since it may not be raised here: its stamps may be late',
    );
  }
}

function demoOf({ story, seed, progress }: RigOrder): { demo: Record<string, string>; progress: Progress } {
  return { demo: { DEMO_PROFILE: JSON.stringify(demoProfile(story, seed)) }, progress };
}

async function nats(
  { progress, signal }: RigOrder,
  folder: string,
  servers: Supervised[],
): Promise<{ natsUrl: string; natsVersion: string }> {
  const cacheDirs = natsCacheDirs(join(rootDir, '.penstock'), inherited);
  const { path, version } = await findNatsServer(realSources(cacheDirs, inherited, signal), progress);
  progress.step(`starting nats-server ${version}`);
  const place = { dataDir: join(folder, 'nats'), logDir: join(folder, 'log'), port: await freePort(), binary: path };
  const { url, server } = natsServer(place, progress);
  servers.push(server);
  await server.start();
  return { natsUrl: url, natsVersion: version };
}

async function postgres({ progress, signal }: RigOrder, folder: string, servers: Supervised[]): Promise<string> {
  signal.throwIfAborted();
  progress.step('starting PostgreSQL');
  const place = {
    dataDir: join(folder, 'postgres'),
    logDir: join(folder, 'log'),
    port: await freePort(),
    durable: true,
  };
  const { url, server } = postgresServer(place, progress);
  servers.push(server);
  await server.start();
  signal.throwIfAborted();
  return url;
}

function postgresVersion(url: string): Promise<string> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    return rows[0]?.server_version ?? 'unknown';
  });
}

/** Null while it cannot be asked: a measurement must not end the run. */
async function databaseBytes(url: string): Promise<number | null> {
  const ask = withClient(url, async (client) => {
    const { rows } = await client.query<{ bytes: string }>('select pg_database_size(current_database()) as bytes');
    return Number(rows[0]?.bytes);
  });
  return ask.catch(() => null);
}

function pidsOf(stack: TestStack, servers: readonly Supervised[]): Record<string, number | undefined> {
  const all = [...stack.running(), ...servers];
  return Object.fromEntries(all.map(({ name, pid }) => [name, pid]));
}

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-story-'));
  mkdirSync(join(folder, 'log'));
  chmodSync(folder, 0o711); // PostgreSQL may run as another user, who passes through
  return folder;
}
