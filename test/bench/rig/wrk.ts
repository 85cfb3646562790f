import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram, type FoundProgram } from './debian-programs.js';
import { LOAD_CORE, pinned } from './pinning.js';
import type { Surroundings } from './runner.js';

export interface Load {
  url: string;
  /** The paths are `<prefix><n>` for n from 1 to `keys`. */
  prefix: string;
  keys: number;
  connections: number;
  seconds: number;
  /** Each connection waits this long between two requests, on the average; none: as fast as answers come. */
  pauseMs?: number;
}

export interface Measured {
  perSecond: number;
  requests: number;
  failed: number;
  p50Ms: number;
  p90Ms: number;
  p99Ms: number;
  p999Ms: number;
}

export interface Wrk {
  version: string;
  run(load: Load): Promise<Measured>;
  close(): void;
}

const WANTED = {
  program: 'wrk',
  packages: ['wrk', 'libluajit-5.1-2'],
  versionFlag: '-v',
  version: /wrk (?:debian\/)?v?(\d+\.\d+(?:\.\d+)?)/,
};

/** @throws where the machine has no wrk and none can be fetched. */
export async function openWrk(own: Surroundings): Promise<Wrk> {
  const found = await findProgram(WANTED, own);
  if (found.kind === 'not available')
    throw new Error(`expected the load generator wrk, found none (${found.reason}); install it`);
  const folder = mkdtempSync(join(tmpdir(), 'penstock-wrk-'));
  return {
    version: found.version,
    run: (load) => runWrk(found, folder, load, own.signal),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function runWrk(
  { command }: Extract<FoundProgram, { kind: 'found' }>,
  folder: string,
  load: Load,
  signal: AbortSignal,
): Promise<Measured> {
  const script = join(folder, 'load.lua');
  writeFileSync(script, scriptOf(load));
  const flags = ['-t1', `-c${load.connections}`, `-d${load.seconds}s`, '--timeout', '10s', '-s', script, load.url];
  const [program = '', ...args] = pinned(LOAD_CORE, [...command, ...flags]);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], signal });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve());
  });
  return readResult(text);
}

/** Requests are put together before the clock runs. What is asked for is chosen evenly at random. */
export function scriptOf({ prefix, keys, pauseMs }: Load): string {
  return [
    'local requests = {}',
    'init = function(args)',
    '  math.randomseed(1)',
    `  for n = 1, ${keys} do requests[n] = wrk.format("GET", "${prefix}" .. n) end`,
    'end',
    `request = function() return requests[math.random(${keys})] end`,
    ...(pauseMs === undefined ? [] : [`delay = function() return math.random(0, ${Math.round(2 * pauseMs)}) end`]),
    'done = function(summary, latency)',
    '  local e = summary.errors',
    '  io.write(string.format("RESULT %d %d %d %d %d %d %d\\n", summary.requests, summary.duration,',
    '    e.connect + e.read + e.write + e.status + e.timeout,',
    '    latency:percentile(50), latency:percentile(90), latency:percentile(99), latency:percentile(99.9)))',
    'end',
    '',
  ].join('\n');
}

/** Times are in microseconds. */
export function readResult(text: string): Measured {
  const found = /^RESULT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$/m.exec(text);
  if (found === null) throw new Error(`expected a result of wrk, found: ${text.slice(0, 500)}`);
  const [requests = 0, micros = 1, failed = 0, p50 = 0, p90 = 0, p99 = 0, p999 = 0] = found.slice(1).map(Number);
  return {
    perSecond: (requests / micros) * 1e6,
    ...{ requests, failed },
    p50Ms: p50 / 1000,
    p90Ms: p90 / 1000,
    p99Ms: p99 / 1000,
    p999Ms: p999 / 1000,
  };
}
