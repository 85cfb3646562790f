import type { UsersResult } from './load-messages.js';
import type { UncachedCall } from './pause-manners.js';
import { spreadOf } from './percentiles.js';
import type { SentPost } from './post-verdicts.js';
import { errorName, type Told } from './told.js';

export type Arrival =
  { kind: 'hot'; path: string } | { kind: 'cold'; path: string } | { kind: 'write'; path: string; id: string };

export interface Ended {
  arrival: Arrival;
  told: Told;
  /** Epoch ms: when it was due, and when its answer had come. */
  dueAt: number;
  endedAt: number;
}

/** What the users note down of the measured time. */
export class Notebook {
  private readonly tookMs = { hit: [] as number[], stale: [] as number[], miss: [] as number[], write: [] as number[] };
  private readonly reads = { hot: 0, cold: 0, hotHits: 0, hotStale: 0, coldAnswered: 0 };
  private readonly errors: Record<string, number> = {};
  private readonly posts: SentPost[] = [];
  private readonly uncached: UncachedCall[] = [];
  private readonly lateMs: number[] = [];

  left(lateMs: number): void {
    this.lateMs.push(lateMs);
  }

  get readCount(): number {
    return this.reads.hot + this.reads.cold;
  }

  ended({ arrival, told, dueAt, endedAt }: Ended): void {
    const error = errorName(told);
    if (error !== undefined) this.errors[error] = (this.errors[error] ?? 0) + 1;
    if (arrival.kind !== 'hot') this.uncached.push({ what: arrival.kind, beganAt: dueAt, endedAt, told });
    if (arrival.kind === 'write') this.write(arrival.id, told, error === undefined ? endedAt - dueAt : undefined);
    else this.read(arrival.kind, told, error === undefined ? endedAt - dueAt : undefined);
  }

  private write(id: string, told: Told, tookMs: number | undefined): void {
    this.posts.push({ id, told });
    if (tookMs !== undefined) this.tookMs.write.push(tookMs);
  }

  private read(kind: 'hot' | 'cold', told: Told, tookMs: number | undefined): void {
    this.reads[kind] += 1;
    if (tookMs === undefined || told.kind !== 'answered') return;
    this.tookMs[told.cache].push(tookMs);
    if (kind === 'cold') this.reads.coldAnswered += 1;
    else if (told.cache === 'hit') this.reads.hotHits += 1;
    else if (told.cache === 'stale') this.reads.hotStale += 1;
  }

  result(of: { seconds: number; eventLoopDelayP99Ms: number; cpuSeconds: number }): UsersResult {
    const { hit, stale, miss, write } = this.tookMs;
    const { hot, cold, hotHits, hotStale, coldAnswered } = this.reads;
    return {
      ...of,
      reads: this.readCount,
      readsAnswered: hit.length + stale.length + miss.length,
      hits: spreadOf(hit),
      stale: spreadOf(stale),
      misses: spreadOf(miss),
      writes: spreadOf(write),
      hot: { reads: hot, hits: hotHits, stale: hotStale },
      cold: { reads: cold, answered: coldAnswered },
      errors: this.errors,
      posts: this.posts,
      uncached: this.uncached,
      sentLateMs: spreadOf(this.lateMs),
    };
  }
}
