import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inherited } from '../../../apps/stack/src/config.js';
import { ensureWritable, inScratch } from '../../../apps/stack/src/fetch-folder.js';
import { distributionSuites, unpackWithApt } from '../../../apps/stack/src/nats-server-apt.js';
import type { Surroundings } from './runner.js';

const run = promisify(execFile);

export interface Wanted {
  program: string;
  /** The program's own package, and the libraries that systems rarely have. */
  packages: readonly string[];
  versionFlag: string;
  version: RegExp;
}

export type FoundProgram =
  { kind: 'found'; command: readonly string[]; version: string } | { kind: 'not available'; reason: string };

/** On PATH, else fetched before, else from the distribution's packages into the user's cache: the system is not touched. */
export async function findProgram(wanted: Wanted, own: Surroundings): Promise<FoundProgram> {
  const onPath = await versionOf([wanted.program], wanted);
  if (onPath !== undefined) return { kind: 'found', command: [wanted.program], version: onPath };
  try {
    const cache = join(inherited['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'penstock', wanted.program);
    const unpacked = join(ensureWritable([cache]), 'unpacked');
    if (!existsSync(unpacked)) await fetchTo(cache, unpacked, wanted, own);
    const command = commandIn(unpacked, wanted.program);
    const version = await versionOf(command, wanted);
    if (version !== undefined) return { kind: 'found', command, version };
    return { kind: 'not available', reason: `what was fetched to ${cache} does not run here` };
  } catch (error) {
    return { kind: 'not available', reason: error instanceof Error ? error.message : String(error) };
  }
}

async function fetchTo(cache: string, target: string, { program, packages }: Wanted, own: Surroundings): Promise<void> {
  own.progress.step(`fetching ${program}: the distribution's own package`);
  const suites = await distributionSuites();
  await inScratch(cache, async (scratch) => {
    await unpackWithApt(suites.own, { packages, scratch, signal: own.signal });
    const ready = join(scratch, 'ready');
    mkdirSync(ready);
    cpSync(join(scratch, 'unpacked', 'usr'), ready, { recursive: true, verbatimSymlinks: true });
    renameSync(ready, target);
  });
}

/** Through env(1): only this program is to find these libraries, some of which lie in a folder of its own name. */
function commandIn(unpacked: string, program: string): string[] {
  const lib = join(unpacked, 'lib');
  const triplets = existsSync(lib) ? readdirSync(lib).map((triplet) => join(lib, triplet)) : [];
  const places = triplets.flatMap((place) => [place, join(place, 'varnish')]);
  const binary = ['sbin', 'bin'].map((dir) => join(unpacked, dir, program)).find((path) => existsSync(path));
  return ['env', `LD_LIBRARY_PATH=${places.join(':')}`, binary ?? program];
}

/** Some say it on stderr. */
async function versionOf(command: readonly string[], wanted: Wanted): Promise<string | undefined> {
  const [program = '', ...args] = command;
  try {
    const { stdout, stderr } = await run(program, [...args, wanted.versionFlag], { timeout: 5_000 });
    return wanted.version.exec(stdout + stderr)?.[1];
  } catch (error) {
    // wrk has no flag that ends with 0.
    const said = error instanceof Error && 'stdout' in error && 'stderr' in error ? [error.stdout, error.stderr] : [];
    return wanted.version.exec(said.map(String).join(''))?.[1];
  }
}
