import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startStack, type TestStack } from '../../support/stack.js';
import { monotonicMicros } from '../pipeline/profile-files.js';
import type { Span } from '../pipeline/profile-table.js';
import { BusyMeter } from '../rig/busy-meter.js';
import type { Surroundings } from '../rig/runner.js';
import { openServers, type Servers } from '../rig/servers.js';
import { CpuMeter } from '../story/cpu-meter.js';
import { Child } from './child.js';
import type { ChainOrder, ChainReport } from './chain-main.js';
import { addedOf, type Added, type Herd } from './measures.js';
import type { Options } from './options.js';
import type { UpstreamMessage, UpstreamReport } from './upstream-main.js';
import type { LoadTimes } from './users.js';
import type { UsersMessage, UsersReport } from './users-main.js';

export const SYSTEMS = ['straight', 'chain', 'penstock'] as const;
export type System = (typeof SYSTEMS)[number];

export interface RatePart {
  perSecond: number;
  added: Record<System, Added>;
  /** Calls that the upstream saw of Penstock. */
  upstreamCalls: number;
  busyShare: number | null;
}

export interface MissRun {
  parts: RatePart[];
  herds: Herd[];
  /** Microseconds of CPU for each miss, by program. */
  cpuMicros: Record<string, number>;
  /** When Penstock's rounds were, on the clock of the CPU profiles. */
  spans: Span[];
  misses: number;
  versions: Record<string, string>;
}

/** Always the same, so that what is added stands out. */
const ANSWER_MS = 5;
const BODY_BYTES = 3_400;
const CONNECTIONS = 64;
const WARM_UP = { perSecond: 300, calls: 1_500 };
const READY_WITHIN_MS = 30_000;
const BETWEEN_HERDS_MS = 1_000;
/** So long after its start it may be that the upstream is handed to the dispatcher that should hold it. */
const SETTLE_MS = 10_000;

type Upstream = Child<UpstreamMessage, UpstreamReport>;
type Users = Child<UsersMessage, UsersReport>;

interface Field {
  options: Options;
  own: Surroundings;
  servers: Servers;
  upstream: Upstream;
  upstreamUrl: string;
  users: Users;
  /** Ended with the run. */
  children: { stop(): void }[];
}

export async function runMiss(options: Options, own: Surroundings): Promise<MissRun> {
  const servers = await openServers({ ...own, redis: false });
  const upstream: Upstream = new Child('the upstream', new URL('./upstream-main.js', import.meta.url));
  const users: Users = new Child('the users', new URL('./users-main.js', import.meta.url));
  const children = [upstream, users] as { stop(): void }[];
  const stopAll = (): void => children.forEach((child) => child.stop());
  own.signal.addEventListener('abort', stopAll);
  try {
    const order = { answerMs: ANSWER_MS, bodyBytes: BODY_BYTES };
    const opened = await upstream.ask({ kind: 'open', order });
    const upstreamUrl = `http://127.0.0.1:${opened.kind === 'open' ? opened.port : 0}`;
    const field: Field = { options, own, servers, upstream, upstreamUrl, users, children };
    const misses = await missParts(field);
    return { ...misses, herds: await herdPart(field), versions: servers.versions };
  } finally {
    own.signal.removeEventListener('abort', stopAll);
    stopAll();
    await servers.stop();
  }
}

function configOf(upstreamUrl: string): string {
  return [
    'upstreams:',
    '  slow:',
    `    baseUrl: '${upstreamUrl}'`,
    '    limits:',
    '      windows: [{ limit: 5000, per: 1s }]',
    `      concurrency: ${CONNECTIONS}`,
    '',
  ].join('\n');
}

async function openPenstock(
  { servers, upstreamUrl, own, options }: Field,
  namespace: string,
  replicas: number,
): Promise<TestStack> {
  const preload = new URL('../pipeline/cpu-profile.js', import.meta.url).href;
  const { profileDir } = options;
  const stack = await startStack({
    config: configOf(upstreamUrl),
    postgresUrl: servers.postgresUrl,
    natsUrl: servers.natsUrl,
    namespace,
    demo: false,
    replicas: { 'cache-api': replicas, dispatcher: replicas },
    progress: own.progress,
    ...(profileDir !== undefined && {
      env: { NODE_OPTIONS: `--import=${preload}`, BENCH_PROFILE_DIR: resolve(profileDir) },
    }),
  });
  await untilHeld(stack, own.signal);
  return stack;
}

/** Somebody holds the upstream. */
async function untilHeld({ dataUrl }: TestStack, signal: AbortSignal): Promise<void> {
  const untilMs = performance.now() + READY_WITHIN_MS;
  for (let n = 0; performance.now() < untilMs; n += 1) {
    const answer = await fetch(`${dataUrl}/slow/items/first-${n}`);
    if (answer.ok) return;
    await sleep(250, undefined, { signal });
  }
  throw new Error(`expected a first answer within ${READY_WITHIN_MS} ms, found none`);
}

async function openChain({ servers, upstreamUrl, children }: Field): Promise<{ url: string }> {
  let port = 0;
  for (const role of ['back', 'front'] as const) {
    const child = new Child<ChainOrder, ChainReport>(
      `the chain's ${role}`,
      new URL('./chain-main.js', import.meta.url),
    );
    children.push(child);
    ({ port } = await child.ask({ role, natsUrl: servers.natsUrl, upstreamUrl, connections: CONNECTIONS }));
  }
  return { url: `http://127.0.0.1:${port}` };
}

type Misses = Pick<MissRun, 'parts' | 'spans' | 'misses' | 'cpuMicros'>;

async function missParts(field: Field): Promise<Misses> {
  const { options, own, servers } = field;
  const chain = await openChain(field);
  const stack = await openPenstock(field, 'miss', 1);
  try {
    const urls: Record<System, string> = {
      straight: field.upstreamUrl,
      chain: chain.url,
      penstock: `${stack.dataUrl}/slow`,
    };
    own.progress.step('warming up');
    for (const system of SYSTEMS)
      await loaded(field, { ...WARM_UP, url: urls[system], mark: `warm-${system}`, seed: options.seed });
    const cpu = new CpuMeter(() => ({
      ...servers.pids(),
      ...Object.fromEntries(stack.running().map(({ name, pid }) => [name, pid])),
    }));
    const spans: Span[] = [];
    const parts: RatePart[] = [];
    for (const perSecond of options.rates) parts.push(await ratePart(field, { perSecond, urls, spans }));
    const misses = parts.reduce((sum, { added }) => sum + added.penstock.calls, 0);
    // The chain's NATS messages are in it too; its own processes are not.
    const perMiss = ([name, seconds]: [string, number]): [string, number] => [name, (seconds * 1e6) / misses];
    return { parts, spans, misses, cpuMicros: Object.fromEntries(Object.entries(cpu.seconds()).map(perMiss)) };
  } finally {
    await stack.stop();
  }
}

/** Round and round about: all have the same machine in the same minutes. */
async function ratePart(
  field: Field,
  { perSecond, urls, spans }: { perSecond: number; urls: Record<System, string>; spans: Span[] },
): Promise<RatePart> {
  const { options, own } = field;
  const times: Record<System, LoadTimes[]> = { straight: [], chain: [], penstock: [] };
  const busy = new BusyMeter();
  busy.start();
  const fromMs = performance.now();
  let upstreamCalls = 0;
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const system of SYSTEMS) {
      const before = await callsOf(field);
      const beganMicros = monotonicMicros();
      const load = { perSecond, calls: perSecond * options.seconds, seed: options.seed + round };
      times[system].push(await loaded(field, { ...load, url: urls[system], mark: `${perSecond}-${round}-${system}` }));
      if (system === 'penstock') {
        spans.push({ fromMicros: beganMicros, toMicros: monotonicMicros() });
        upstreamCalls += (await callsOf(field)) - before;
      }
    }
    own.progress.step(`${perSecond}/s, round ${round} of ${options.rounds}`);
  }
  busy.stop();
  const added = { straight: addedOf(times.straight), chain: addedOf(times.chain), penstock: addedOf(times.penstock) };
  return { perSecond, added, upstreamCalls, busyShare: busy.share(fromMs, performance.now()) };
}

async function herdPart(field: Field): Promise<Herd[]> {
  const { options, own, users } = field;
  const stack = await openPenstock(field, 'herd', 2);
  try {
    const urls = stack.running().flatMap(({ dataUrl }) => (dataUrl === undefined ? [] : [`${dataUrl}/slow`]));
    const herds: Herd[] = [];
    await sleep(SETTLE_MS, undefined, { signal: own.signal });
    for (let n = 1; n <= options.herds; n += 1) {
      const before = await callsOf(field);
      const report = await users.ask({ kind: 'herd', order: { urls, key: `herd-${n}`, clients: options.clients } });
      if (report.kind !== 'herd') throw new Error(`a herd failed: ${report.kind === 'failed' ? report.reason : ''}`);
      herds.push({ ...report.times, upstreamCalls: (await callsOf(field)) - before });
      own.progress.step(`herd ${n}: all answered after ${report.times.allMs.toFixed(0)} ms`);
      await sleep(BETWEEN_HERDS_MS, undefined, { signal: own.signal });
    }
    return herds;
  } finally {
    await stack.stop();
  }
}

async function loaded({ users }: Field, order: Extract<UsersMessage, { kind: 'load' }>['order']): Promise<LoadTimes> {
  const report = await users.ask({ kind: 'load', order });
  if (report.kind === 'load') return report.times;
  throw new Error(`the users failed: ${report.kind === 'failed' ? report.reason : report.kind}`);
}

async function callsOf({ upstream }: Field): Promise<number> {
  const report = await upstream.ask({ kind: 'count' });
  return report.kind === 'counted' ? report.calls : 0;
}
