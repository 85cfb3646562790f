import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inherited } from '../../apps/stack/src/config.js';
import { fetchWithApt, distributionSuites } from '../../apps/stack/src/nats-server-apt.js';
import { ensureWritable } from '../../apps/stack/src/fetch-folder.js';
import {
  findFetched,
  findNatsServer,
  inspect,
  natsCacheDirs,
  realSources,
  type NatsServer,
} from '../../apps/stack/src/nats-server-binary.js';
import { freePort } from '../../apps/stack/src/ports.js';
import { silent } from '../../apps/stack/src/progress.js';
import { natsServer, postgresServer } from '../../apps/stack/src/servers.js';
import type { Supervised } from '../../apps/stack/src/supervised.js';

/** A real server of a test's own. It is not brought back by itself: what is down stays down until the test says so. */
export interface RealServer {
  readonly url: string;
  readonly pid: number | undefined;
  /** kill -9; down until `restart()`. */
  kill(): Promise<void>;
  /** A clean stop; down until `restart()`. */
  halt(): Promise<void>;
  /** On the same port; with the data it had unless told otherwise. */
  restart(options?: { emptyStore?: boolean }): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

export interface NatsOptions {
  version?: 'oldest' | 'newest';
  storeDir?: string;
}

const cacheDirs = natsCacheDirs(join(tmpdir(), 'penstock-test'), inherited);
const never = new AbortController().signal;

/** Oldest first; one where only one can be had. The oldest is the distribution's own package, when that is older. */
export async function availableNatsServers(): Promise<NatsServer[]> {
  const newest = await findNatsServer(realSources(cacheDirs, inherited, never), silent);
  const oldest = await oldestNatsServer();
  return oldest && oldest.version !== newest.version ? [oldest, newest] : [newest];
}

async function oldestNatsServer(): Promise<NatsServer | undefined> {
  const before = (await findFetched(cacheDirs))[0];
  if (before && /^2\.(9|10)\./.test(before.version)) return before;
  try {
    const { own } = await distributionSuites();
    return await inspect(await fetchWithApt(own, ensureWritable(cacheDirs), never));
  } catch {
    return before; // no network or no such distribution: the newest alone must do
  }
}

export async function startNats({ version = 'newest', storeDir }: NatsOptions = {}): Promise<
  RealServer & { version: string }
> {
  const servers = await availableNatsServers();
  const chosen = version === 'oldest' ? servers[0] : servers.at(-1);
  if (!chosen) throw new Error('expected a nats-server, found none');
  const folder = makeFolder('nats');
  const dataDir = storeDir ?? join(folder, 'store');
  const place = { dataDir, logDir: folder, port: await freePort(), binary: chosen.path };
  const { url, server } = natsServer(place, silent);
  await server.start();
  return controls({ url, server, dataDir, folder, version: chosen.version });
}

export async function startPostgres(): Promise<RealServer> {
  const folder = makeFolder('postgres');
  const dataDir = join(folder, 'data');
  const { url, server } = postgresServer({ dataDir, logDir: folder, port: await freePort(), durable: false }, silent);
  await server.start();
  return controls({ url, server, dataDir, folder });
}

interface Parts {
  url: string;
  server: Supervised;
  dataDir: string;
  folder: string;
}

function controls<T extends Parts>(parts: T): RealServer & Omit<T, keyof Parts> {
  const { url, server, dataDir, folder, ...more } = parts;
  return {
    ...more,
    url,
    get pid() {
      return server.pid;
    },
    kill: () => server.stop(0),
    halt: () => server.stop(),
    restart: async ({ emptyStore = false } = {}) => {
      await server.stop(emptyStore ? 0 : undefined);
      if (emptyStore) rmSync(dataDir, { recursive: true, force: true });
      await server.start();
    },
    stop: async () => {
      await server.stop();
      for (const path of [dataDir, folder]) rmSync(path, { recursive: true, force: true });
    },
  };
}

function makeFolder(what: string): string {
  const parent = join(tmpdir(), 'penstock-test');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, `${what}-`));
  chmodSync(folder, 0o711); // PostgreSQL may run as another user, who passes through
  return folder;
}
