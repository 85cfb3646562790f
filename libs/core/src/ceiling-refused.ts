import { borneAt, NEAR, SETTLED, type Known } from './ceiling-known.js';
import { RAMP_MS } from './ramp.js';
import type { BucketRate } from './refusal-curves.js';

/** Held below what is believed to be the limit by this. */
const BELOW = 0.97;
const BELOW_IF_COSTLY = 0.95;
/** A bucket that is only possible lowers an estimate to this part of it at most. */
const LEAST_OF_RECENT = 0.9;
/** Long enough in use that the mean since the last throttle is the limit's, and not the burst's. */
export const LONG_USE_MS = 20_000;

/** A first throttle of an episode: when its call had left, and the end that the upstream told, if it did. */
export interface Refusal {
  readonly sentAtMs: number;
  readonly endAtMs: number | undefined;
  readonly nowMs: number;
}

/** A throttle whose end is told and no farther off costs little: one more is risked soon, where the last ones have no explanation. */
const CHEAP_MS = 1_100;

export function isCheap({ endAtMs, nowMs }: Refusal): boolean {
  return endAtMs !== undefined && endAtMs - nowMs < CHEAP_MS;
}

/** What was seen when a throttle came. */
export interface Seen {
  readonly inUse: number;
  /** Since the last throttle, its pause included. */
  readonly mean: number;
  /** Over the longest window that is thought of. */
  readonly recent: number;
  /** Since the pause, by use. */
  readonly usedMs: number;
  /** Some level was borne since the cold start. */
  readonly proved: boolean;
  /** The limit was seen to change lately. */
  readonly changing: boolean;
  readonly costly: boolean;
  readonly bucket: BucketRate | undefined;
}

/** How fast a climb goes on, in parts a second: toward what was refused ever slower, beyond it ever faster. */
export function climbOf(
  { refused }: Known,
  rate: number,
  { before, byUseMs }: { before: number; byUseMs: number },
): number {
  const missing = Math.log(refused / rate);
  if (missing <= 0.002) return Math.min(0.12, Math.max(0.01, before) * 2 ** (byUseMs / 3_000));
  return Math.min(0.08, Math.max(0.006, missing / 8));
}

/** The level was reached by what a climb was let through, and never borne. */
export function isAboveBorne({ level, borne }: Known): boolean {
  return borne > 0 && level > 1.01 * borne;
}

export function afterClimb(known: Known, seen: Seen): Known {
  const { inUse, bucket, costly, changing } = seen;
  const refused = Math.max(1.005 * known.level, inUse);
  if (refused / known.level < SETTLED) {
    // Half of a gap that matters is taken; a smaller one is not worth another throttle.
    const step = refused / known.level > 1.04 ? (refused / known.level) ** 0.4 : 1;
    return { ...known, level: known.level * step, refused, perSecond: refused, repeats: known.repeats + 1 };
  }
  if (bucket?.kind === 'confirmed') return { ...known, ...ofBucket(bucket.perSecond, costly) };
  // Of a limit that changes, what went through so far above it shows about where it is now.
  const mean = changing && inUse > 1.02 * known.refused ? 0.88 * inUse : likelyMean(seen);
  const level = Math.min(refused, Math.max(known.level, (costly ? 0.9 : BELOW) * mean));
  return { ...known, level, refused, perSecond: refused, repeats: 0 };
}

/** The level of a limit that was seen to rise while it was climbed after. */
export function risenTo(inUse: number, before: Known): Known {
  const level = Math.max(before.level, 0.93 * inUse);
  return { ...borneAt(level), refused: 1.05 * level };
}

/** What let us climb to here was a burst, or a window that we happened to meet at its beginning. */
export function backToBorne(known: Known, seen: Seen, rateOfBucket: number | undefined): Known {
  const { level, borne } = known;
  const at = { ...known, refused: level, perSecond: level, repeats: 0 };
  if (seen.costly) return { ...at, level: afterBan(known, seen, rateOfBucket) };
  if (seen.bucket?.kind === 'confirmed') return { ...at, ...ofBucket(seen.bucket.perSecond, false) };
  if (seen.usedMs < RAMP_MS) {
    // Again, and at less: what was taken before the pause says nothing any more.
    const inUse = Math.min(level, seen.inUse);
    return { ...at, level: Math.max(borne, 0.95 * inUse), refused: Math.max(1.005 * borne, inUse) };
  }
  return { ...at, level: Math.min(BELOW * level, Math.max(borne, BELOW * likelyMean(seen))) };
}

/** At a level that was borne once, or that nothing is known of. */
export function belowLevel(known: Known, seen: Seen): Known {
  const { level } = known;
  const { usedMs, proved, costly } = seen;
  const at = { ...known, borne: 0, refused: level, perSecond: level, repeats: 0 };
  const inUse = Math.min(level, seen.inUse);
  if (usedMs >= LONG_USE_MS) {
    const mean = costly ? 0.96 * inUse : Math.min(0.98 * inUse, 0.985 * seen.mean);
    const next = Math.max(0.75 * inUse, mean);
    return { ...at, level: next, refused: Math.min(level, 1.08 * next) };
  }
  // Less than before and still too much: what is full is full of the burst from which we come.
  if (!proved && inUse < 0.9 * seen.recent)
    return { ...known, borne: 0, level: 0.95 * level, refused: Math.min(known.refused, NEAR * level) };
  // Twice in a row, and what was in use the second time was hardly let through: the limit has fallen about to there.
  const share = usedMs >= RAMP_MS ? 0.85 : proved ? 0.92 : 0.75;
  return { ...at, level: share * inUse };
}

/** Between what a bucket would have and what was taken lately, but not far below that: it may be a window. */
function likelyMean({ recent, bucket }: Seen): number {
  if (bucket?.kind !== 'possible') return recent;
  return Math.min(recent, Math.max(LEAST_OF_RECENT * recent, bucket.perSecond));
}

function ofBucket(perSecond: number, costly: boolean): Pick<Known, 'level' | 'refused' | 'perSecond' | 'repeats'> {
  return { level: (costly ? BELOW_IF_COSTLY : BELOW) * perSecond, refused: 1.03 * perSecond, perSecond, repeats: 1 };
}

function afterBan({ level, borne }: Known, { recent }: Seen, rateOfBucket = 0): number {
  if (rateOfBucket > borne && rateOfBucket < level) return BELOW * rateOfBucket;
  return Math.max(level / borne > 1.06 ? Math.sqrt(level * borne) : borne, 0.93 * Math.min(level, recent));
}

interface Stretch {
  readonly forMs: number;
  readonly taken: number;
}

/** A bucket has filled up in so long a pause: two stretches that began full differ by what it takes in the time they differ by. */
export class FullStretches {
  #last: Stretch | undefined;

  rateAfter(stretch: Stretch): number | undefined {
    const before = this.#last;
    this.#last = stretch;
    const longerMs = stretch.forMs - (before?.forMs ?? stretch.forMs);
    return before === undefined || longerMs < 2_000 ? undefined : (1000 * (stretch.taken - before.taken)) / longerMs;
  }
}
