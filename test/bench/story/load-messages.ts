import type { UncachedCall } from './pause-manners.js';
import type { Spread } from './percentiles.js';
import type { SentPost } from './post-verdicts.js';

/** How to reach the API: through Penstock, or at it. */
export interface Target {
  kind: 'penstock' | 'plain';
  origin: string;
}

/** What the runner tells a load process. */
export type LoadOrder =
  | { kind: 'users'; target: Target; seed: number; items: number }
  | { kind: 'poll'; target: Target; items: number; maxAgeMs: number; concurrency: number }
  /** From now on all users act and everything is noted; before, they only read and nothing is. */
  | { kind: 'measure' }
  /** No further arrivals: wait for the answers that are due, then report. */
  | { kind: 'finish' };

/** What a load process tells the runner. */
export type LoadReport = { kind: 'progress'; reads: number; open: number } | { kind: 'result'; result: UsersResult };

export interface UsersResult {
  seconds: number;
  reads: number;
  /** Reads that got an answer from the cache or the upstream. */
  readsAnswered: number;
  hits: Spread;
  stale: Spread;
  misses: Spread;
  writes: Spread;
  /** Reads of planned items alone: these can be hits. */
  hot: { reads: number; hits: number; stale: number };
  cold: { reads: number; answered: number };
  errors: Record<string, number>;
  posts: SentPost[];
  uncached: UncachedCall[];
  /** A busy load process would measure itself: how much later than due arrivals left, and its event loop's delay. */
  sentLateMs: Spread;
  eventLoopDelayP99Ms: number;
  cpuSeconds: number;
}
