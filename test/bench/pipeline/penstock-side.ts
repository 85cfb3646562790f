import type pg from 'pg';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startStack, type TestStack } from '../../support/stack.js';
import type { Surroundings } from '../rig/runner.js';
import type { Servers } from '../rig/servers.js';
import { judgeAt } from '../story/judge-client.js';

export interface PipelineScale {
  items: number;
  concurrency: number;
}

/** Long enough that nothing falls due twice in a round. */
const MAX_AGE_SECONDS = 45;
const FILLED_WITHIN_MS = 240_000;
const LOOK_MS = 20;

export async function openPipeline(
  { items, concurrency }: PipelineScale,
  { servers, own, profileDir }: { servers: Servers; own: Surroundings; profileDir: string | undefined },
): Promise<TestStack> {
  const profile = {
    items,
    content: { medianBytes: 3000, sigma: 0.4 },
    cacheControl: [],
    // Each has changed before it falls due: no 304 spares Penstock a body which the chain writes.
    changes: { medianIntervalMs: 3_000, sigma: 0, frozenShare: 0 },
    latency: { p50Ms: 5, p99Ms: 12 },
    limits: { windows: [] },
  };
  const config = [
    'upstreams:',
    '  demo:',
    "    baseUrl: 'http://127.0.0.1:${PENSTOCK_DEMO_PORT}'",
    '    limits:',
    '      windows: [{ limit: 50000, per: 1s }]',
    `      concurrency: ${concurrency}`,
    '    refresh:',
    `      maxAge: ${MAX_AGE_SECONDS}s`,
    `      resources: ['/items/{1..${items}}']`,
    '',
  ].join('\n');
  return startStack({
    config,
    postgresUrl: servers.postgresUrl,
    natsUrl: servers.natsUrl,
    demo: { DEMO_PROFILE: JSON.stringify(profile) },
    progress: own.progress,
    ...(profileDir !== undefined && { env: profiled(profileDir) }),
  });
}

function profiled(dir: string): Record<string, string> {
  const preload = new URL('./cpu-profile.js', import.meta.url).href;
  return { NODE_OPTIONS: `--import=${preload}`, BENCH_PROFILE_DIR: resolve(dir) };
}

/** Every resource is stored; the scheduler is then stopped, and with it all refreshing. */
export async function fill(
  stack: TestStack,
  database: pg.Client,
  { items }: PipelineScale,
  own: Surroundings,
): Promise<void> {
  const deadlineMs = performance.now() + FILLED_WITHIN_MS;
  while ((await storedSince(database, 0)) < items) {
    if (performance.now() > deadlineMs)
      throw new Error('expected every resource to be stored once, found some that were not');
    await sleep(500, undefined, { signal: own.signal });
  }
  await stack.halt('scheduler');
}

/** All resources are overdue when the scheduler comes back. From the first call at the upstream, which `begun` is told of, to the last commit. */
export async function refreshAll(
  stack: TestStack,
  database: pg.Client,
  { items }: PipelineScale,
  { own, begun }: { own: Surroundings; begun: () => void },
): Promise<{ elapsedMs: number; refreshes: number }> {
  const judge = judgeAt(stack.demoUrl);
  await judge.reset();
  const startedAt = Date.now();
  const started = stack.start('scheduler');
  started.catch(() => undefined); // it is awaited below, and told there
  const deadlineMs = performance.now() + FILLED_WITHIN_MS;
  while ((await judge.score()).arrivals === 0 && performance.now() < deadlineMs)
    await sleep(LOOK_MS, undefined, { signal: own.signal });
  begun();
  await started;
  while ((await judge.score()).accepted < items && performance.now() < deadlineMs)
    await sleep(LOOK_MS * 5, undefined, { signal: own.signal });
  let refreshes = await storedSince(database, startedAt);
  while (refreshes < items && performance.now() < deadlineMs) {
    await sleep(LOOK_MS, undefined, { signal: own.signal });
    refreshes = await storedSince(database, startedAt);
  }
  const endedAt = Date.now();
  return { refreshes, elapsedMs: endedAt - (await firstCallAt(stack)) };
}

/** As long as it takes for the oldest and the youngest entry to be overdue. */
export async function untilOverdue(database: pg.Client, own: Surroundings): Promise<void> {
  const { rows } = await database.query<{ last: string | null }>('select max(received_at) as last from penstock.entry');
  const waitMs = Number(rows[0]?.last ?? 0) + MAX_AGE_SECONDS * 1000 + 500 - Date.now();
  await sleep(Math.max(0, waitMs), undefined, { signal: own.signal });
}

async function storedSince(database: pg.Client, sinceAt: number): Promise<number> {
  const { rows } = await database.query<{ count: string }>(
    'select count(*) as count from penstock.entry where received_at >= $1',
    [sinceAt],
  );
  return Number(rows[0]?.count ?? 0);
}

/** On the machine's clock, which the demo shares. */
async function firstCallAt({ demoUrl }: TestStack): Promise<number> {
  const response = await fetch(`${demoUrl}/__judge/arrivals?since=0&limit=1`);
  // The judge is ours: its answers are believed.
  const { arrivals, clock } = (await response.json()) as {
    arrivals: { atMs: number }[];
    clock: { zeroMs: number; nowMs: number };
  };
  const sinceMs = clock.nowMs - clock.zeroMs - (arrivals[0]?.atMs ?? 0);
  return Date.now() - sinceMs;
}
