import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from 'undici';
import { exponentialGapMs, sequence } from '../story/chance.js';
import type { Samples } from './added.js';

/** Of the client: what a person waits for, and never has been asked before, so that no cache can help. */
const NOW = { priority: 'u=1', 'cache-control': 'no-store' };
const TIMEOUT_MS = 15_000;

export interface UsersOrder {
  throughUrl: string;
  directUrl: string;
  perSecond: number;
  /** No user comes sooner than this after the one before. */
  leastGapMs: number;
  forMs: number;
  items: number;
  seed: number;
  signal: AbortSignal;
}

/** An open loop: a user comes whether or not the one before has been served. Each second call goes straight at the upstream. */
export async function runUsers(order: UsersOrder): Promise<Samples> {
  const { forMs, items, seed, signal } = order;
  const agent = new Agent({ connections: 64, headersTimeout: TIMEOUT_MS });
  const chance = sequence(seed);
  const outcome = { throughMs: [] as number[], directMs: [] as number[], failed: 0 };
  const open: Promise<void>[] = [];
  const endMs = performance.now() + forMs;
  for (let n = 0; performance.now() < endMs; n += 1) {
    const path = `/items/${1 + Math.floor(chance() * items)}?user=${seed}-${n}`;
    open.push(one(agent, order.throughUrl, path).then((ms) => note(outcome, outcome.throughMs, ms)));
    await sleep(gapMs(order, chance()) / 2, undefined, { signal });
    open.push(one(agent, order.directUrl, path).then((ms) => note(outcome, outcome.directMs, ms)));
    await sleep(gapMs(order, chance()) / 2, undefined, { signal });
  }
  await Promise.all(open);
  await agent.close();
  return outcome;
}

/** Random, but never less than asked for, with the same mean. */
export function gapMs({ perSecond, leastGapMs }: Pick<UsersOrder, 'perSecond' | 'leastGapMs'>, chance: number): number {
  const restMs = 1000 / perSecond - leastGapMs;
  return leastGapMs + (restMs > 0 ? exponentialGapMs(1000 / restMs, chance) : 0);
}

function note(outcome: { failed: number }, times: number[], ms: number | undefined): void {
  if (ms === undefined) outcome.failed += 1;
  else times.push(ms);
}

/** Undefined: not answered as it should have been. */
async function one(agent: Agent, url: string, path: string): Promise<number | undefined> {
  const { origin, pathname } = new URL(url);
  const startedMs = performance.now();
  try {
    const prefix = pathname === '/' ? '' : pathname;
    const answer = await agent.request({ origin, path: prefix + path, method: 'GET', headers: NOW });
    await answer.body.dump();
    return answer.statusCode === 200 ? performance.now() - startedMs : undefined;
  } catch {
    return undefined;
  }
}
