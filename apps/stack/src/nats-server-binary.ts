import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureWritable } from './fetch-folder.js';
import { distributionSuites, fetchWithApt } from './nats-server-apt.js';
import { fetchRelease, releaseVersion } from './nats-server-release.js';
import type { Progress } from './progress.js';
import { StackError } from './stack-error.js';

const run = promisify(execFile);

export interface NatsServer {
  path: string;
  version: string;
}

/** Where a fetched server is kept: in the user's cache, or in the data folder where there is no such cache. */
export function natsCacheDirs(dataDir: string, env: NodeJS.ProcessEnv): string[] {
  const cache = env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return [join(cache, 'penstock', 'nats-server'), join(dataDir, 'bin')];
}

export interface Sources {
  onPath(): Promise<NatsServer | undefined>;
  fetchedBefore(): Promise<NatsServer[]>;
  /** Each gives the path of a binary or says why not. */
  release(): Promise<string>;
  newestPackage(): Promise<string>;
  ownPackage(): Promise<string>;
}

export function realSources(cacheDirs: string[], env: NodeJS.ProcessEnv, signal: AbortSignal): Sources {
  const fromPackages = async (age: 'newest' | 'own'): Promise<string> =>
    fetchWithApt((await distributionSuites())[age], ensureWritable(cacheDirs), signal);
  return {
    onPath: () => findOnPath(env['PATH'] ?? ''),
    fetchedBefore: () => findFetched(cacheDirs),
    release: async () => fetchRelease(ensureWritable(cacheDirs), signal),
    newestPackage: () => fromPackages('newest'),
    ownPackage: () => fromPackages('own'),
  };
}

/**
 * The nats-server to run, from the first of: PATH if it is new enough, what was fetched before, the pinned release, the newest
 * package of the distribution, and as a last resort anything that can still do the work.
 */
export async function findNatsServer(sources: Sources, progress: Progress): Promise<NatsServer> {
  const refusals: string[] = [];
  const installed = await sources.onPath();
  if (installed && atLeast(installed.version, '2.11')) return installed;
  refusals.push(`PATH: ${installed ? `version ${installed.version}` : 'none'}`);

  const before = await sources.fetchedBefore();
  const newest = before.at(-1);
  if (newest && atLeast(newest.version, '2.11')) return newest;

  const attempt = async (
    name: string,
    fetching: () => Promise<string>,
    minimum: string,
  ): Promise<NatsServer | undefined> => {
    try {
      progress.step(`fetching nats-server: ${name}`);
      const found = await inspect(await fetching());
      if (found && atLeast(found.version, minimum)) return found;
      refusals.push(`${name}: ${found ? `version ${found.version}` : 'does not run here'}`);
    } catch (error) {
      refusals.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
    return undefined;
  };
  const good =
    (await attempt(`release ${releaseVersion}`, sources.release, '2.11')) ??
    (await attempt("the distribution's newest package", sources.newestPackage, '2.11'));
  if (good) return good;

  const last = [installed, newest].find((one) => one && atLeast(one.version, '2.9'));
  const old = last ?? (await attempt("the distribution's own package", sources.ownPackage, '2.9'));
  if (!old) throw noneFound(refusals);
  progress.warn(
    `nats-server ${old.version} is older than 2.11: it does, and a newer one is better (${refusals.join('; ')})`,
  );
  return old;
}

function noneFound(refusals: string[]): StackError {
  return new StackError(
    'nats-server',
    `expected a nats-server of 2.11 or newer (at least 2.9), found:${refusals.map((line) => `\n  - ${line}`).join('')}`,
    'connect this machine to the network and start again; or install nats-server 2.11+ on PATH (https://nats.io/download, on macOS `brew install nats-server`); or set PENSTOCK_NATS_URL',
  );
}

/** Undefined when it does not run on this machine. */
export async function inspect(path: string): Promise<NatsServer | undefined> {
  try {
    const { stdout, stderr } = await run(path, ['--version'], { timeout: 5_000 });
    const version = /v?(\d+\.\d+\.\d+)/.exec(stdout + stderr)?.[1];
    return version ? { path, version } : undefined;
  } catch {
    return undefined;
  }
}

export function atLeast(version: string, minimum: string): boolean {
  return compare(version, minimum) >= 0;
}

function compare(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  const differing = left.findIndex((part, i) => part !== (right[i] ?? 0));
  return differing === -1 ? 0 : (left[differing] ?? 0) - (right[differing] ?? 0);
}

async function findOnPath(searchPath: string): Promise<NatsServer | undefined> {
  const path = searchPath
    .split(':')
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, 'nats-server'))
    .find((file) => isExecutable(file));
  return path ? inspect(path) : undefined;
}

/** Oldest first. Each lies in a folder of its own; what is being fetched has a name that begins with a dot. */
export async function findFetched(cacheDirs: string[]): Promise<NatsServer[]> {
  const folders = cacheDirs
    .filter((dir) => existsSync(dir))
    .flatMap((dir) =>
      readdirSync(dir)
        .filter((name) => !name.startsWith('.'))
        .map((name) => join(dir, name)),
    );
  const files = folders.map((folder) => join(folder, 'nats-server')).filter((file) => isExecutable(file));
  const found = await Promise.all(files.map(inspect));
  return found.filter((one) => one !== undefined).sort((a, b) => compare(a.version, b.version));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
