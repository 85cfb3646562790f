/** Once what is borne and what is refused are this close, the ceiling is where we thought. */
export const SETTLED = 1.1;
const SETTLED_IF_COSTLY = 1.2;
const WIDE = 1.25;
/** After a first estimate that may be right: the search goes no further at once. */
export const NEAR = 1.3;
const LEAST_HOLD_MS = { wide: 5_000, narrow: 20_000, settled: 60_000 } as const;
const LONGEST_HOLD_MS = 900_000;
/** In use for so long without a throttle, a level is borne, however long it is still held. */
export const BORNE_AFTER_MS = 60_000;
/** A limit that was seen to change may change back: for so long it is touched after each so long a hold. */
export const VOLATILE_MS = 600_000;
const CHANGING_HOLD_MS = 15_000;
const UNSETTLED_HOLD_MS = 2_000;
const OPEN_HOLD_MS = 2_000;
export const CHANGED = 1.25;
/** Of a settled ceiling at most one touch in so many calls. */
const CALLS_A_TOUCH = 12_000;
/** A pause of d costs d's worth of calls, a climb within SETTLED gains a few percent: it pays after many times d. */
const PAUSES_A_TOUCH = { wide: 2, narrow: 4, settled: 15 } as const;
/** So often found again where it was thought: no doubt is left. */
export const DOUBTS = 2;
/** The windows that are not known are taken to be no longer than this. */
export const LONGEST_WINDOW_MS = 10_000;

/** Plain JSON: where the search for a rate stands. What older holders wrote has the first two only. */
export interface CeilingRecord {
  readonly perSecond: number;
  readonly holdMs: number;
  readonly level?: number;
  readonly borne?: number;
  readonly refused?: number;
  readonly repeats?: number;
}

export type Known = {
  -readonly [Key in keyof CeilingRecord]-?: NonNullable<CeilingRecord[Key]>;
};

/** So long a pause that one more throttle costs more than a tenth of the rate for minutes. */
export function isCostly(pausedMs: number): boolean {
  return pausedMs >= LONGEST_WINDOW_MS;
}

export function firstOf(perSecond: number, refused: number): Known {
  return { perSecond, level: 0.95 * perSecond, borne: 0, refused, holdMs: 0, repeats: 0 };
}

/** Borne, and nothing beyond is known. */
export function borneAt(level: number): Known {
  return { perSecond: level, level, borne: level, refused: level, holdMs: 0, repeats: 0 };
}

/** A limit that is known by other means, of which `share` is used. */
export function settledAt(perSecond: number, share: number, repeats: number): Known {
  const level = share * perSecond;
  const known = { ...borneAt(level), perSecond, refused: (2 - share) * perSecond, repeats: Math.max(DOUBTS, repeats) };
  return { ...known, holdMs: holdOf(known, 0, false) };
}

export function completed(record: CeilingRecord): Known {
  const { perSecond, holdMs } = record;
  return { level: 0.9 * perSecond, borne: 0, refused: perSecond, repeats: 0, ...record, perSecond, holdMs };
}

/** For how long a level is held before it is climbed from. */
export function holdOf({ level, refused, repeats }: Known, pausedMs: number, changes: boolean): number {
  const width = refused / level;
  const kind =
    width > WIDE ? 'wide' : width > (isCostly(pausedMs) ? SETTLED_IF_COSTLY : SETTLED) ? 'narrow' : 'settled';
  const least = Math.max(LEAST_HOLD_MS[kind], PAUSES_A_TOUCH[kind] * pausedMs);
  if (kind !== 'settled' && changes) return UNSETTLED_HOLD_MS;
  if (kind !== 'settled') return Math.min(LONGEST_HOLD_MS, least);
  if (changes) return Math.min(LONGEST_HOLD_MS, Math.max(CHANGING_HOLD_MS, PAUSES_A_TOUCH.settled * pausedMs));
  const doubled = LEAST_HOLD_MS.settled * 2 ** Math.min(repeats, 6);
  return Math.min(LONGEST_HOLD_MS, Math.max(least, doubled / 2, (1000 * CALLS_A_TOUCH) / level));
}

/** The higher level of a limit that swings. `isOpen`: how high it has risen is not known. */
export function holdOfHigh(high: Known, isOpen: boolean): number {
  return isOpen ? OPEN_HOLD_MS : holdOf({ ...high, repeats: Math.max(1, high.repeats) }, 0, false);
}

/** How sure: from the distance between borne and refused, and from how often the ceiling was found where it was thought. */
export function confidenceOf(record: CeilingRecord): number {
  const { level, refused, repeats } = completed(record);
  return Math.min(0.95, Math.max(0.1, 0.7 - 2 * (refused / level - SETTLED)) + 0.08 * repeats);
}
