import { setTimeout as sleep } from 'node:timers/promises';
import type { Throttle } from './stories.js';

export interface JudgedPause {
  form: string;
  beganMs: number;
  endsMs: number;
  beganAt: number;
  endsAt: number;
  throttles: number;
  stragglers: number;
  violations: number;
  probeMs: number | null;
}

export interface Score {
  startedAt: number;
  elapsedMs: number;
  arrivals: number;
  accepted: number;
  throttles: number;
  stragglers: number;
  probes: number;
  violations: number;
  cut: number;
  maxConcurrency: number;
  statuses: Record<string, number>;
  acceptedOutsidePausesPerSecond: number | null;
  secondsOutsidePauses: number;
  pauses: JudgedPause[];
  perSecond: { first: number; accepted: number[]; throttled: number[] };
}

export interface Ages {
  now: number;
  fetched: number;
  never: number;
  p50Ms: number | null;
  p95Ms: number | null;
  maxMs: number | null;
}

export interface Judge {
  score(): Promise<Score>;
  ages(items: number): Promise<Ages>;
  posts(): Promise<Record<string, { seen: number }>>;
  reset(): Promise<void>;
  /** Counted from now. */
  throttleBySchedule(throttles: readonly Throttle[]): Promise<void>;
}

/** The control side of the demo upstream: not counted as calls, not limited. */
export function judgeAt(demoUrl: string): Judge {
  const ask = async <T>(path: string, body?: object): Promise<T> => {
    const response = await fetch(`${demoUrl}/__judge/${path}`, {
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    });
    if (!response.ok)
      throw new Error(`the judge: expected an answer to ${path}, found ${response.status}: ${await response.text()}`);
    // The judge is ours and lives beside us: its answers are believed.
    return (await response.json()) as T;
  };
  return {
    score: () => ask('score'),
    ages: (items) => ask(`ages?from=1&to=${items}`),
    posts: async () => (await ask<{ ids: Record<string, { seen: number }> }>('posts')).ids,
    reset: () => ask('reset', {}),
    throttleBySchedule: (spontaneous) => ask('profile', { spontaneous }),
  };
}

/** Until every item was fetched once, or the time is up. Tells how many never were. */
export async function untilAllFetched(
  judge: Judge,
  of: { items: number; withinMs: number; say: (line: string) => void; signal: AbortSignal },
): Promise<number> {
  const deadline = performance.now() + of.withinMs;
  let toldMs = performance.now();
  for (;;) {
    const { never, fetched } = await judge.ages(of.items);
    if (never === 0 || performance.now() > deadline) return never;
    if (performance.now() - toldMs > 5_000) {
      of.say(`warming up: ${fetched} of ${of.items} fetched`);
      toldMs = performance.now();
    }
    await sleep(250, undefined, { signal: of.signal });
  }
}
