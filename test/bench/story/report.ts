import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, loadavg, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { rootDir } from '../../../apps/stack/src/config.js';
import type { Options } from './options.js';
import type { Board } from './scoreboard.js';
import { USERS } from './stories.js';

export interface MachineFacts {
  cpu: string;
  cores: number;
  memoryGiB: number;
  system: string;
  /** Before the run: above nothing much, somebody else was at work too. */
  loadAverage: number;
}

export function machineFacts(): MachineFacts {
  const all = cpus();
  return {
    cpu: all[0]?.model ?? 'unknown',
    cores: all.length,
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    system: `${platform()} ${release()}`,
    loadAverage: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}

export function versionFacts(servers: Record<string, string>): Record<string, string> {
  const own = JSON.parse(readFileSync(join(rootDir, 'package.json'), 'utf8')) as { version: string };
  return {
    penstock: own.version,
    commit: commit(),
    node: process.versions.node,
    undici: packageVersion('undici'),
    axios: packageVersion('axios'),
    ...servers,
  };
}

/** The whole outcome, for other programs. */
export function documentOf(of: {
  startedAt: number;
  machine: MachineFacts;
  versions: Record<string, string>;
  options: Options;
  boards: readonly Board[];
}): object {
  const { startedAt, machine, versions, options, boards } = of;
  return {
    startedAt: new Date(startedAt).toISOString(),
    pass: boards.every(({ bars }) => bars.every(({ met }) => met)),
    machine,
    versions,
    seed: options.seed,
    users: USERS,
    stories: boards,
  };
}

function packageVersion(name: string): string {
  const manifest = createRequire(join(rootDir, 'package.json')).resolve(`${name}/package.json`);
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      cwd: rootDir,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown'; // a download without its history
  }
}
