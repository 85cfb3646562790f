import { setTimeout as sleep } from 'node:timers/promises';
import type { TestStack } from '../../support/stack.js';
import type { KillFigures } from './figures.js';
import type { Judge } from './judge-client.js';

export interface KillOrder {
  stack: TestStack;
  judge: Judge;
  service: string;
  items: number;
  afterSeconds: number;
  /** How long to watch for every resource to be fetched. */
  patienceMs: number;
  say: (line: string) => void;
  signal: AbortSignal;
}

/** kill -9 in the middle of the run; the supervision starts the service again. Watched at the judge, not at Penstock. */
export async function killAndWatch(order: KillOrder): Promise<KillFigures> {
  const { stack, service, afterSeconds, signal, say } = order;
  await sleep(afterSeconds * 1000, undefined, { signal });
  say(`kill -9 of ${service}`);
  await stack.kill(service);
  const killedMs = performance.now();
  const ready = stack.ready(service).then(
    () => Math.round(performance.now() - killedMs),
    () => null,
  );
  const allFetchedAfterMs = await untilFetchedSince(order, Date.now());
  say(
    allFetchedAfterMs === null
      ? 'not every resource was fetched since the kill'
      : `every resource was fetched within ${allFetchedAfterMs} ms of the kill`,
  );
  return { service, killedAfterSeconds: afterSeconds, readyAgainAfterMs: await ready, allFetchedAfterMs };
}

/** All were fetched since then when the oldest fetch is younger than that. */
async function untilFetchedSince(
  { judge, items, patienceMs, signal }: KillOrder,
  killedAt: number,
): Promise<number | null> {
  const deadlineAt = killedAt + patienceMs;
  for (;;) {
    const { now, never, maxMs } = await judge.ages(items);
    if (never === 0 && maxMs !== null && now - maxMs >= killedAt) return now - killedAt;
    if (now > deadlineAt) return null;
    await sleep(100, undefined, { signal });
  }
}
