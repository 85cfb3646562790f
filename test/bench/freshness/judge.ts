import { nextChangeAfter, versionAt, type World } from './world.js';

/** Calls that an upstream answered, in the order in which it did: when, for which resource. Each brought what it had at that instant. */
export interface CallLog {
  readonly atMs: Float64Array;
  readonly items: Int32Array;
}

/** What readers were given: when they asked, for what, and its version; -1 where they were given nothing. */
export interface ReadLog {
  readonly atMs: Float64Array;
  readonly items: Int32Array;
  readonly versions: Int32Array;
}

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * The share of all time, each resource counted as often as it is asked for, in which what was fetched last was what the upstream had.
 * Nothing is sampled: it is the best that whoever made these calls can have served.
 */
export function heldFreshness(world: World, log: CallLog, span: Span): number {
  const shares = new Float64Array(world.size);
  const fetchedMs = new Float64Array(world.size).fill(-Infinity);
  const held = world.seasons.map((season, i) => ({
    weights: season.weights,
    fromMs: Math.max(span.fromMs, season.fromMs),
    toMs: Math.min(span.toMs, world.seasons[i + 1]?.fromMs ?? Infinity),
  }));
  const add = (item: number, untilMs: number): void => {
    const beganMs = fetchedMs[item] ?? -Infinity;
    if (beganMs === -Infinity || untilMs <= span.fromMs) return;
    const endMs = Math.min(untilMs, nextChangeAfter(world.changes, item, beganMs, span.toMs));
    for (const { weights, fromMs, toMs } of held) {
      const freshMs = Math.min(endMs, toMs) - Math.max(beganMs, fromMs);
      if (freshMs > 0) shares[item] = (shares[item] ?? 0) + freshMs * (weights[item] ?? 0);
    }
  };
  for (const [i, item] of log.items.entries()) {
    const atMs = log.atMs[i] ?? Infinity;
    if (atMs >= span.toMs) break;
    add(item, atMs);
    fetchedMs[item] = atMs;
  }
  for (let item = 0; item < world.size; item += 1) add(item, span.toMs);
  return shares.reduce((sum, share) => sum + share, 0) / (span.toMs - span.fromMs);
}

export interface Served {
  readonly reads: number;
  readonly freshness: number;
  /** Reads that were answered with no body of the upstream. */
  readonly unanswered: number;
}

/** Each read compared with what the upstream had when it was sent: a change while it is being answered is not held against anybody. */
export function servedFreshness(world: World, log: ReadLog, { fromMs, toMs }: Span): Served {
  const counts = { reads: 0, fresh: 0, unanswered: 0 };
  for (const [i, item] of log.items.entries()) {
    const atMs = log.atMs[i] ?? 0;
    if (atMs < fromMs || atMs >= toMs) continue;
    const version = log.versions[i] ?? -1;
    counts.reads += 1;
    if (version < 0) counts.unanswered += 1;
    else if (version >= versionAt(world.changes, item, atMs)) counts.fresh += 1;
  }
  return { reads: counts.reads, freshness: counts.fresh / counts.reads, unanswered: counts.unanswered };
}

export function callsWithin({ atMs }: CallLog, { fromMs, toMs }: Span): number {
  return atMs.filter((ms) => ms >= fromMs && ms < toMs).length;
}

/** When the n-th call was answered; undefined: there were fewer. */
export function timeOfCall({ atMs }: CallLog, n: number): number | undefined {
  return atMs[n - 1];
}

export interface Spacing {
  /** Between two fetches of one resource, the longest, and how many were longer than was allowed. */
  readonly longestMs: number;
  readonly tooLong: number;
  /** Standard deviation of the calls in each quarter of a second, over what it would be if they came by chance (Poisson). */
  readonly unevenness: number;
  /** The fullest of these over the mean. */
  readonly fullest: number;
}

const SLOT_MS = 250;

export function spacingOf(size: number, log: CallLog, span: Span, allowedMs: number): Spacing {
  const lastMs = new Float64Array(size).fill(-Infinity);
  const gaps = { longestMs: 0, tooLong: 0 };
  const slots = new Float64Array(Math.floor((span.toMs - span.fromMs) / SLOT_MS));
  const gap = (item: number, untilMs: number): void => {
    const ms = untilMs - (lastMs[item] ?? -Infinity);
    gaps.longestMs = Math.max(gaps.longestMs, ms);
    if (ms > allowedMs) gaps.tooLong += 1;
  };
  for (const [i, item] of log.items.entries()) {
    const atMs = log.atMs[i] ?? 0;
    if (atMs >= span.toMs) break;
    if (atMs >= span.fromMs) {
      gap(item, atMs);
      const slot = Math.floor((atMs - span.fromMs) / SLOT_MS);
      if (slot < slots.length) slots[slot] = (slots[slot] ?? 0) + 1;
    }
    lastMs[item] = atMs;
  }
  for (let item = 0; item < size; item += 1) gap(item, span.toMs);
  return { ...gaps, ...unevennessOf(slots) };
}

function unevennessOf(slots: Float64Array): { unevenness: number; fullest: number } {
  const mean = slots.reduce((sum, count) => sum + count, 0) / slots.length;
  const variance = slots.reduce((sum, count) => sum + (count - mean) ** 2, 0) / slots.length;
  return { unevenness: Math.sqrt(variance / mean), fullest: Math.max(...slots) / mean };
}
