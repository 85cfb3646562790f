import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { inherited } from '../../../apps/stack/src/config.js';
import { ensureWritable, inScratch } from '../../../apps/stack/src/fetch-folder.js';
import { spawnKept } from '../../../apps/stack/src/kept-server.js';
import { lastLines } from '../../../apps/stack/src/log-file.js';
import { distributionSuites, unpackWithApt } from '../../../apps/stack/src/nats-server-apt.js';
import type { Progress } from '../../../apps/stack/src/progress.js';
import { until } from '../../../apps/stack/src/ready.js';
import { Supervised } from '../../../apps/stack/src/supervised.js';

const run = promisify(execFile);

/** The server, its tools (its binary lies among them) and the two libraries that systems rarely have. */
const PACKAGES = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1'];

export type FoundRedis =
  { kind: 'found'; command: string[]; version: string } | { kind: 'not available'; reason: string };

/** On PATH, else fetched before, else from the distribution's packages into the user's cache: the system is not touched. */
export async function findRedis(progress: Progress, signal: AbortSignal): Promise<FoundRedis> {
  const onPath = await versionOf(['redis-server']);
  if (onPath !== undefined) return { kind: 'found', command: ['redis-server'], version: onPath };
  try {
    const cache = join(inherited['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'penstock', 'redis-server');
    const unpacked = join(ensureWritable([cache]), 'unpacked');
    if (!existsSync(unpacked)) await fetchRedis(cache, unpacked, { progress, signal });
    const command = commandIn(unpacked);
    const version = await versionOf(command);
    if (version !== undefined) return { kind: 'found', command, version };
    return { kind: 'not available', reason: `what was fetched to ${cache} does not run here` };
  } catch (error) {
    return { kind: 'not available', reason: error instanceof Error ? error.message : String(error) };
  }
}

async function fetchRedis(
  cache: string,
  target: string,
  { progress, signal }: { progress: Progress; signal: AbortSignal },
): Promise<void> {
  progress.step("fetching redis-server: the distribution's own package");
  const { own } = await distributionSuites();
  await inScratch(cache, async (scratch) => {
    await unpackWithApt(own, { packages: PACKAGES, scratch, signal });
    const ready = join(scratch, 'ready');
    mkdirSync(ready);
    cpSync(join(scratch, 'unpacked', 'usr'), ready, { recursive: true, verbatimSymlinks: true });
    renameSync(ready, target);
  });
}

/** Through env(1): only this program is to find these libraries. */
function commandIn(unpacked: string): string[] {
  const lib = join(unpacked, 'lib');
  const places = existsSync(lib) ? readdirSync(lib).map((triplet) => join(lib, triplet)) : [];
  return ['env', `LD_LIBRARY_PATH=${places.join(':')}`, join(unpacked, 'bin', 'redis-server')];
}

async function versionOf([program = '', ...args]: string[]): Promise<string | undefined> {
  try {
    const { stdout } = await run(program, [...args, '--version'], { timeout: 5_000 });
    return /v=(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}

/** In memory alone, which is what makes it fastest. */
export function redisServer(
  { command, port, logDir }: { command: readonly string[]; port: number; logDir: string },
  progress: Progress,
): Supervised {
  const logFile = join(logDir, 'redis.log');
  const [program = '', ...first] = command;
  const own = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const kept = {
    command: program,
    args: [...first, ...own, '--maxmemory-policy', 'noeviction'],
    cwd: logDir,
    stop: [
      { signal: 'SIGTERM' as const, waitMs: 2_000 },
      { signal: 'SIGKILL' as const, waitMs: 500 },
    ],
  };
  return new Supervised(
    {
      name: 'redis',
      spawn: () => spawnKept(kept, logFile),
      ready: (signal) => until(() => answers(port), signal),
      lastWords: () => lastLines(logFile, 8),
      graceMs: 3_000,
    },
    progress,
  );
}

async function answers(port: number): Promise<boolean> {
  const client = new Redis({ port, host: '127.0.0.1', lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => undefined); // it is asked again
  try {
    await client.connect();
    return (await client.ping()) === 'PONG';
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}
