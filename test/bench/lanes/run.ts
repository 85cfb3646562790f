import { fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startStack, type TestStack } from '../../support/stack.js';
import { BusyMeter } from '../rig/busy-meter.js';
import type { Surroundings } from '../rig/runner.js';
import { openServers, type Servers } from '../rig/servers.js';
import { openUpstreams } from '../rig/upstreams.js';
import { judgeAt } from '../story/judge-client.js';
import { addedOf, type Added, type Samples } from './added.js';
import type { Options } from './options.js';
import type { UsersMessage } from './users-main.js';

export interface LaneOutcome {
  added: Added;
  /** Background calls a second that the upstream saw meanwhile. */
  backgroundPerSecond: number;
  busyShare: number | null;
}

export interface LanesRun {
  free: LaneOutcome;
  empty: LaneOutcome;
  versions: Record<string, string>;
}

const BACKLOG = 20_000;
/** The response takes the same time always: what is added stands out. */
const RESPONSE_MS = 20;
const SETTLE_MS = 15_000;
/** Users of the empty bucket are few and far apart: each is to meet the background, not the user before. */
const FREE_USERS_PER_SECOND = 40;
const EMPTY_USERS_PER_SECOND = 2;
const EMPTY_LEAST_GAP_MS = 300;
const EMPTY_TOKENS_PER_SECOND = 20;

const profile = (seed: number): object => ({
  seed,
  items: BACKLOG,
  content: { medianBytes: 1000, sigma: 0.3, minBytes: 500, maxBytes: 3000 },
  cacheControl: [],
  latency: { p50Ms: RESPONSE_MS, p99Ms: RESPONSE_MS },
  limits: { windows: [] },
});

/** The same backlog twice: at 2,000/s with tokens to spare for users, then at 20/s without any. */
export async function runLanes(options: Options, own: Surroundings): Promise<LanesRun> {
  const servers = await openServers({ ...own, redis: false });
  try {
    const perSecond = options.backgroundPerSecond;
    const free = await oneLane(options, own, servers, {
      name: 'free',
      // The reserve of lane now, on top of what the background gets.
      limits: [`      windows: [{ limit: ${Math.ceil(perSecond * 1.1)}, per: 1s }]`, '      reserve: 10%'],
      usersPerSecond: FREE_USERS_PER_SECOND,
      leastGapMs: 0,
      backgroundPerSecond: perSecond,
    });
    const empty = await oneLane(options, own, servers, {
      name: 'empty',
      limits: [`      windows: [{ limit: ${EMPTY_TOKENS_PER_SECOND * 10}, per: 10s }]`, '      reserve: 0%'],
      usersPerSecond: EMPTY_USERS_PER_SECOND,
      leastGapMs: EMPTY_LEAST_GAP_MS,
      backgroundPerSecond: EMPTY_TOKENS_PER_SECOND,
    });
    return { free, empty, versions: servers.versions };
  } finally {
    await servers.stop();
  }
}

interface Lane {
  name: string;
  limits: string[];
  usersPerSecond: number;
  leastGapMs: number;
  backgroundPerSecond: number;
}

async function oneLane(options: Options, own: Surroundings, servers: Servers, lane: Lane): Promise<LaneOutcome> {
  const { progress, signal } = own;
  progress.step(
    `a token is ${lane.name === 'free' ? 'free' : 'never free'}: background of ${lane.backgroundPerSecond}/s`,
  );
  const upstreams = await openUpstreams([profile(options.seed)], progress);
  const url = upstreams.urls[0] ?? '';
  let stack: TestStack | undefined;
  try {
    stack = await startStack({
      config: configOf(lane, url),
      postgresUrl: servers.postgresUrl,
      natsUrl: servers.natsUrl,
      // One each: the second must not find what the first has stored.
      namespace: `lane${lane.name}`,
      demo: false,
      progress,
    });
    await sleep(SETTLE_MS, undefined, { signal });
    return await measured(options, own, { lane, url, dataUrl: stack.dataUrl });
  } finally {
    await stack?.stop();
    upstreams.stop();
  }
}

function configOf({ limits, backgroundPerSecond }: Lane, url: string): string {
  // Twice as much is due as may be called: the backlog never empties.
  const maxAgeSeconds = Math.max(1, Math.floor(BACKLOG / backgroundPerSecond / 2));
  return [
    'upstreams:',
    '  demo:',
    `    baseUrl: '${url}'`,
    '    limits:',
    ...limits,
    '      concurrency: 256',
    '    refresh:',
    `      maxAge: ${maxAgeSeconds}s`,
    `      resources: ['/items/{1..${BACKLOG}}']`,
    '',
  ].join('\n');
}

async function measured(
  options: Options,
  { signal }: Surroundings,
  { lane, url, dataUrl }: { lane: Lane; url: string; dataUrl: string },
): Promise<LaneOutcome> {
  const judge = judgeAt(url);
  const busy = new BusyMeter();
  busy.start();
  await judge.reset();
  const startedMs = performance.now();
  const samples = await usersOf(
    {
      throughUrl: `${dataUrl}/demo`,
      directUrl: url,
      perSecond: lane.usersPerSecond,
      leastGapMs: lane.leastGapMs,
      forMs: options.seconds * 1000,
      items: BACKLOG,
      seed: options.seed,
    },
    signal,
  );
  const endedMs = performance.now();
  busy.stop();
  const { accepted } = await judge.score();
  const users = samples.throughMs.length + samples.directMs.length;
  return {
    added: addedOf(samples),
    backgroundPerSecond: ((accepted - users) / (endedMs - startedMs)) * 1000,
    busyShare: busy.share(startedMs, endedMs),
  };
}

function usersOf(order: UsersMessage, signal: AbortSignal): Promise<Samples> {
  const child = fork(fileURLToPath(new URL('./users-main.js', import.meta.url)), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const end = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', end);
  return new Promise<Samples>((resolve, reject) => {
    child.once('message', (samples: Samples) => resolve(samples));
    child.once('exit', (code, by) => reject(new Error(`the users ended before their report (${by ?? code})`)));
    child.send(order, () => undefined);
  }).finally(end);
}
