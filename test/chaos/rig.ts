import { setTimeout as sleep } from 'node:timers/promises';
import { withClient } from '../../apps/stack/src/postgres.js';
import { ask } from '../e2e/asking.js';
import { judgeAt, type Arrival, type Judge } from '../e2e/judge.js';
import { removeStreams } from '../e2e/open-stack.js';
import {
  freshDatabase,
  freshNamespace,
  startNats,
  startPostgres,
  testServers,
  type RealServer,
} from '../support/servers.js';
import { startStack, type StackOptions, type TestStack } from '../support/stack.js';

export interface Rig {
  readonly stack: TestStack;
  readonly judge: Judge;
  /** Rejects unless they are of the test's own. */
  readonly nats: RealServer;
  readonly postgres: RealServer;
  /** Epoch ms of the last fetch of items 1 to `count` at the judge; 0 for never. */
  lastFetchedAt(count: number): Promise<number[]>;
  /** How many of items 1 to `count` have not been fetched since then. */
  unfetchedSince(count: number, sinceAt: number): Promise<number>;
  state(): Promise<UpstreamState>;
  /** The highest that was ever given out. */
  fence(): Promise<number>;
  query<Row extends object>(sql: string): Promise<Row[]>;
  stop(): Promise<void>;
}

export interface UpstreamState {
  readonly state: 'flowing' | 'paused' | 'probing' | 'ramping';
  readonly pausedUntil: string | null;
  readonly holder: string | null;
  readonly calls: number;
  readonly throttles: number;
}

export type RigOptions = Omit<StackOptions, 'postgresUrl' | 'natsUrl' | 'namespace' | 'demo'> & {
  readonly name: string;
  /** Of the demo upstream, or false for none. */
  readonly profile?: object | false;
  /** To be killed or emptied: not those that other tests lean on. */
  readonly own?: readonly ('nats' | 'postgres')[];
};

/** An upstream that answers in 30 ms and lets 150 calls through in any second, neither more nor less. */
export const JUDGE = {
  latency: { p50Ms: 30, p99Ms: 120 },
  limits: { windows: [{ limit: 150, perMs: 1_000, kind: 'sliding' }] },
};

/**
 * The configuration for it. What the judge allows beyond it covers how much later than others a call may reach it on a machine that is busy
 * with tests; a second holder that sent beside the first would still be far over it.
 */
export function configured(planned: number, maxAge: string, more = ''): string {
  return `
upstreams:
  demo:
    baseUrl: http://127.0.0.1:\${PENSTOCK_DEMO_PORT}
    limits: { windows: [{ limit: 120, per: 1s }], concurrency: 32 }
    refresh: { maxAge: ${maxAge}, resources: ["/items/{1..${planned}}"] }
${more}`;
}

export async function openRig({ name, profile = JUDGE, own = [], ...options }: RigOptions): Promise<Rig> {
  const nats = own.includes('nats') ? await startNats() : lent(testServers().natsUrl);
  const postgres = own.includes('postgres') ? await startPostgres() : lent(await freshDatabase(name));
  const namespace = freshNamespace();
  const demo = profile !== false && { DEMO_PROFILE: JSON.stringify(profile) };
  const urls = { natsUrl: nats.url, postgresUrl: postgres.url };
  const stack = await startStack({ ...options, ...urls, namespace, demo });
  const query = <Row extends object>(sql: string): Promise<Row[]> =>
    withClient(postgres.url, async (client) => {
      await client.query(`set search_path to ${client.escapeIdentifier(namespace)}`);
      return (await client.query<Row>(sql)).rows;
    });
  const lastFetchedAt = (count: number): Promise<number[]> => fetchedAt(stack.demoUrl, count);
  return {
    stack,
    judge: judgeAt(stack.demoUrl),
    nats,
    postgres,
    lastFetchedAt,
    unfetchedSince: async (count, sinceAt) => (await lastFetchedAt(count)).filter((at) => at <= sinceAt).length,
    state: async () => (await ask(stack.adminUrl, '/v1/upstreams/demo')).json<UpstreamState>(),
    fence: async () => Number((await query<{ fence: string }>('select max(fence) as fence from scope_view'))[0]?.fence),
    query,
    async stop() {
      await stack.stop();
      if (!own.includes('nats')) await removeStreams(nats.url, namespace);
      await Promise.all([nats.stop(), postgres.stop()]);
    },
  };
}

async function fetchedAt(demoUrl: string, count: number): Promise<number[]> {
  const answer = await ask(demoUrl, '/__judge/resources?as=columns');
  const { lastFetchedAt } = answer.json<{ lastFetchedAt: (number | null)[] }>();
  return lastFetchedAt.slice(0, count).map((at) => at ?? 0);
}

/** A server that others use too. */
function lent(url: string): RealServer {
  const refuse = (): Promise<never> =>
    Promise.reject(new Error('expected a server of the test’s own, found a lent one'));
  return { url, pid: undefined, kill: refuse, halt: refuse, restart: refuse, stop: () => Promise.resolve() };
}

/** Resolves as soon as it holds, with how long that took; throws, saying what was found last, when it never does. */
export async function until(
  what: string,
  withinMs: number,
  look: () => Promise<boolean | number> | boolean | number,
): Promise<number> {
  const startedMs = performance.now();
  for (;;) {
    const found = await look();
    const tookMs = performance.now() - startedMs;
    if (found === true || found === 0) return tookMs;
    if (tookMs > withinMs) throw new Error(`expected ${what} within ${withinMs} ms, found ${String(found)}`);
    await sleep(50);
  }
}

interface JudgedPause {
  readonly beganMs: number;
  readonly endsMs: number;
  readonly probeMs: number | null;
}

/** In ms since the judge's last reset. */
export async function pausesOf(rig: Rig): Promise<JudgedPause[]> {
  return (await ask(rig.stack.demoUrl, '/__judge/score')).json<{ pauses: JudgedPause[] }>().pauses;
}

/**
 * A judge that is kept waiting by a busy machine sees calls late that had left before its throttle could be heard: what came so soon
 * is no violation here. The rest of its announced pause belongs to nobody.
 */
const HEARD_AFTER_MS = 300;

/** Arrivals in an announced pause, beyond those that were under way. */
export async function earlyArrivals(rig: Rig): Promise<Arrival[]> {
  const [arrivals, pauses] = await Promise.all([rig.judge.arrivals(), pausesOf(rig)]);
  return arrivals.filter(({ atMs }) =>
    pauses.some(({ beganMs, endsMs }) => atMs > beganMs + HEARD_AFTER_MS && atMs < endsMs),
  );
}

/** The most arrivals in any span of that length. */
export function mostWithin(spanMs: number, atMs: readonly number[]): number {
  let most = 0;
  let first = 0;
  atMs.forEach((at, i) => {
    while (at - (atMs[first] ?? at) >= spanMs) first += 1;
    most = Math.max(most, i - first + 1);
  });
  return most;
}
