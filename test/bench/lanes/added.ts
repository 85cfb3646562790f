import { spreadOf } from '../story/percentiles.js';

/** Times of users' calls, the same calls through Penstock and straight at the upstream. */
export interface Samples {
  throughMs: readonly number[];
  directMs: readonly number[];
  failed: number;
}

export interface Added {
  calls: number;
  failed: number;
  throughP50Ms: number;
  throughP99Ms: number;
  directP50Ms: number;
  directP99Ms: number;
  /** Differences of the quantiles. */
  p50Ms: number;
  p99Ms: number;
  /** The slowest call through Penstock. */
  maxMs: number;
}

export function addedOf({ throughMs, directMs, failed }: Samples): Added {
  const through = spreadOf(throughMs);
  const direct = spreadOf(directMs);
  const [throughP50Ms, throughP99Ms] = [through.p50 ?? NaN, through.p99 ?? NaN];
  const [directP50Ms, directP99Ms] = [direct.p50 ?? NaN, direct.p99 ?? NaN];
  return {
    calls: through.count,
    failed,
    throughP50Ms,
    throughP99Ms,
    directP50Ms,
    directP99Ms,
    p50Ms: throughP50Ms - directP50Ms,
    p99Ms: throughP99Ms - directP99Ms,
    maxMs: through.max ?? NaN,
  };
}

/** What the slowest user may have had to wait where no token is free: one interval and one response. */
export function longestAllowedMs({
  tokensPerSecond,
  responseMs,
}: {
  tokensPerSecond: number;
  responseMs: number;
}): number {
  return 1000 / tokensPerSecond + responseMs;
}

export const FREE_P99_MS = 5;

export interface Bar {
  text: string;
  met: boolean;
}

/** NaN, where nothing was measured, meets nothing. */
export function barsOf(free: Added, empty: Added, tokensPerSecond: number): Bar[] {
  const longestMs = longestAllowedMs({ tokensPerSecond, responseMs: empty.directP99Ms });
  return [
    { text: `p99 added < ${FREE_P99_MS} ms while a token is free`, met: free.p99Ms < FREE_P99_MS && free.failed === 0 },
    {
      text: `never more than one token interval and one response (${longestMs.toFixed(1)} ms) when none is`,
      met: empty.maxMs <= longestMs && empty.failed === 0,
    },
  ];
}
