import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from 'undici';
import { exponentialGapMs, sequence } from '../story/chance.js';
import { TOOK_FIELD } from './took-field.js';

export interface LoadOrder {
  /** Before the key. */
  url: string;
  /** Of the keys: none is asked for twice. */
  mark: string;
  perSecond: number;
  calls: number;
  seed: number;
}

export interface LoadTimes {
  /** Of each call, beyond what the upstream says it took itself. */
  addedMs: number[];
  failed: number;
}

export interface HerdOrder {
  /** Asked in turns. */
  urls: string[];
  key: string;
  clients: number;
}

export interface HerdTimes {
  /** From the first call to the last answer. */
  allMs: number;
  failed: number;
  bodies: number;
}

const CONNECTIONS = 256;
const TIMEOUT_MS = 15_000;

/** An open loop: a call begins when its time has come, whether or not those before have been answered. */
export async function runLoad({ url, mark, perSecond, calls, seed }: LoadOrder): Promise<LoadTimes> {
  const agent = new Agent({ connections: CONNECTIONS, headersTimeout: TIMEOUT_MS });
  const chance = sequence(seed);
  const times: LoadTimes = { addedMs: [], failed: 0 };
  const open: Promise<void>[] = [];
  let dueMs = performance.now();
  for (let n = 0; n < calls; n += 1) {
    dueMs += exponentialGapMs(perSecond, chance());
    const waitMs = dueMs - performance.now();
    if (waitMs >= 1) await sleep(waitMs);
    open.push(note(times, addedBy(agent, `${url}/items/${mark}-${n}`)));
  }
  await Promise.all(open);
  await agent.close();
  return times;
}

async function note(times: LoadTimes, call: Promise<number>): Promise<void> {
  await call.then(
    (ms) => times.addedMs.push(ms),
    () => (times.failed += 1),
  );
}

/** @throws when it was not answered as it should have been. */
async function addedBy(agent: Agent, url: string): Promise<number> {
  const { origin, pathname } = new URL(url);
  const startedMs = performance.now();
  const { statusCode, headers, body } = await agent.request({ origin, path: pathname, method: 'GET' });
  await body.dump({ limit: Infinity });
  const tookMs = performance.now() - startedMs;
  const upstreamMs = Number(headers[TOOK_FIELD]) / 1000;
  if (statusCode !== 200 || Number.isNaN(upstreamMs)) throw new Error(`expected 200, found ${statusCode}`);
  return tookMs - upstreamMs;
}

/** All at once, each over a connection of its own; what is kept open between herds is kept by the agent. */
export async function runHerd(agent: Agent, { urls, key, clients }: HerdOrder): Promise<HerdTimes> {
  const bodies = new Set<string>();
  let failed = 0;
  const startedMs = performance.now();
  const all = Array.from({ length: clients }, async (_, i) => {
    const { origin, pathname } = new URL(urls[i % urls.length] ?? '');
    const answer = await agent.request({ origin, path: `${pathname}/items/${key}`, method: 'GET' });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) failed += 1;
    else bodies.add(`${String(answer.headers['etag'])} ${text}`);
  });
  const ended = await Promise.allSettled(all);
  const broken = ended.filter(({ status }) => status === 'rejected').length;
  return { allMs: performance.now() - startedMs, failed: failed + broken, bodies: bodies.size };
}
