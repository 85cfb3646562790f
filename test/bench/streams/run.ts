import { startStack, type TestStack } from '../../support/stack.js';
import { hashOf, MIB, open, pour, receive, startFlowingUpstream, type Received } from '../../support/flowing-http.js';
import { residentBytes } from '../../support/memory.js';
import type { Surroundings } from '../rig/runner.js';
import { openServers, type Servers } from '../rig/servers.js';
import type { Options } from './options.js';

export const WATCHED = ['cache-api', 'dispatcher', 'nats-server'] as const;
export type Watched = (typeof WATCHED)[number];

/** What was resident, in MiB, when so much had passed. */
export interface Point {
  readonly atMib: number;
  readonly residentMib: Readonly<Record<Watched, number>>;
}

export interface Pass {
  readonly direction: 'down' | 'up';
  readonly framing: 'length' | 'chunked';
  readonly exact: boolean;
  readonly seconds: number;
  /** The first is before anything passed. */
  readonly curve: readonly Point[];
}

export interface StreamsRun {
  readonly passes: Pass[];
  readonly versions: Record<string, string>;
}

const POINTS = 16;
const WARM_UP_MIB = 64;
const PLAN: readonly Pick<Pass, 'direction' | 'framing'>[] = [
  { direction: 'down', framing: 'length' },
  { direction: 'down', framing: 'chunked' },
  { direction: 'up', framing: 'length' },
  { direction: 'up', framing: 'chunked' },
];

export async function runStreams({ mib }: Options, own: Surroundings): Promise<StreamsRun> {
  const servers = await openServers({ ...own, redis: false });
  const upstream = await startFlowingUpstream();
  try {
    upstream.on('/up', async (incoming, response) => response.end(JSON.stringify(await receive(incoming))));
    const stack = await startStack({
      ...{ postgresUrl: servers.postgresUrl, natsUrl: servers.natsUrl, demo: false, progress: own.progress },
      config: `upstreams: { own: { baseUrl: "${upstream.url}", maxRequestBody: ${mib + 1}MiB } }`,
      replicas: { scheduler: 0, refresher: 0 },
    });
    try {
      const ask = (bytes: number, plan: (typeof PLAN)[number]): Promise<Pass> => {
        upstream.on('/down', async (_, response) => {
          response.writeHead(200, lengthOf(bytes, plan.framing));
          await pour(response, bytes);
          response.end();
        });
        return pass(bytes, plan, { stack, servers });
      };
      // What a process takes for itself once, it has taken before anything is measured.
      for (const plan of PLAN) await ask(WARM_UP_MIB * MIB, plan);
      const passes: Pass[] = [];
      for (const plan of PLAN) {
        own.signal.throwIfAborted();
        own.progress.step(`${mib} MiB ${plan.direction} (${plan.framing})`);
        passes.push(await ask(mib * MIB, plan));
      }
      return { passes, versions: servers.versions };
    } finally {
      await stack.stop();
    }
  } finally {
    await upstream.close();
    await servers.stop();
  }
}

async function pass(
  bytes: number,
  { direction, framing }: (typeof PLAN)[number],
  parts: { stack: TestStack; servers: Servers },
): Promise<Pass> {
  const curve: Point[] = [];
  const look = (passed: number): void => {
    if (passed < (curve.length * bytes) / POINTS) return;
    curve.push({ atMib: Math.round(passed / MIB), residentMib: residentOf(parts) });
  };
  look(0);
  const startedAt = performance.now();
  const { dataUrl } = parts.stack;
  const got = await (direction === 'down' ? down(dataUrl, look) : up(dataUrl, { bytes, framing, look }));
  const seconds = (performance.now() - startedAt) / 1_000;
  return { direction, framing, exact: got.bytes === bytes && got.hash === hashOf(bytes), seconds, curve };
}

async function down(dataUrl: string, look: (passed: number) => void): Promise<Received> {
  const { incoming } = await open(dataUrl, '/own/down');
  return receive(incoming, look);
}

async function up(
  dataUrl: string,
  { bytes, framing, look }: { bytes: number; framing: Pass['framing']; look: (passed: number) => void },
): Promise<Received> {
  const headers = lengthOf(bytes, framing);
  const { incoming } = await open(dataUrl, '/own/up', {
    method: 'PUT',
    headers,
    body: (out) => pour(out, bytes, look),
  });
  incoming.setEncoding('utf8');
  let text = '';
  for await (const part of incoming as AsyncIterable<string>) text += part;
  return JSON.parse(text) as Received;
}

function lengthOf(bytes: number, framing: Pass['framing']): Record<string, string> {
  return framing === 'length' ? { 'Content-Length': String(bytes) } : {};
}

function residentOf({ stack, servers }: { stack: TestStack; servers: Servers }): Point['residentMib'] {
  const pids = { ...servers.pids(), 'cache-api': stack.pid('cache-api'), dispatcher: stack.pid('dispatcher') };
  const of = (name: Watched): number => Math.round(residentBytes((pids as Record<string, number>)[name] ?? 0) / MIB);
  return { 'cache-api': of('cache-api'), dispatcher: of('dispatcher'), 'nats-server': of('nats-server') };
}
