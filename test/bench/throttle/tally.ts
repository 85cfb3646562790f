import { quotaOf, rateAt, type Row } from './rows.js';

/** What the judge saw of one cell, on its own clock. */
export interface Seen {
  startMs: number;
  endMs: number;
  arrivals: readonly { atMs: number; status: number; kind: string }[];
  /** Ends of the pauses that were announced. */
  pauseEndsMs: readonly number[];
}

export interface Tally {
  calls: number;
  good: number;
  /** Good calls as a share of what the upstream would have let in. */
  share: number;
  throttles: number;
  throttlesPer10k: number;
  violations: number;
  pauses: number;
  /** From the end of a pause to 90 % of the rate, the median; null: no pause, Infinity: mostly not before the next. */
  recoveryMs: number | null;
  /** The same counts of equal parts of the measured time: how far chance goes. */
  rounds: { share: number; throttlesPer10k: number }[];
}

const ROUNDS = 3;
/** Bare throttles that lie closer together are one pause. */
const SILENCE_MS = 1_000;
const RECOVERED = 0.9;

export function isThrottle(status: number): boolean {
  return status === 429 || status === 403;
}

export function tallyOf(row: Row, seen: Seen): Tally {
  const within = seen.arrivals.filter(({ atMs }) => atMs >= seen.startMs && atMs < seen.endMs);
  const good = within.filter(({ status }) => !isThrottle(status)).map(({ atMs }) => atMs);
  const refused = within.filter(({ status }) => isThrottle(status)).map(({ atMs }) => atMs);
  const ends = (row.tells ? seen.pauseEndsMs : episodeEnds(refused)).filter(
    (endMs) => endMs > seen.startMs && endMs < seen.endMs,
  );
  return {
    calls: within.length,
    good: good.length,
    share: good.length / quotaOf(row, seen.endMs - seen.startMs),
    throttles: refused.length,
    throttlesPer10k: per10k(refused.length, within.length),
    violations: within.filter(({ kind }) => kind === 'violation').length,
    pauses: ends.length,
    recoveryMs: median(ends.map((endMs, i) => recoveryOf(row, good, { endMs, untilMs: ends[i + 1] ?? seen.endMs }))),
    rounds: roundsOf(row, seen, good, refused),
  };
}

function roundsOf(row: Row, seen: Seen, good: readonly number[], refused: readonly number[]): Tally['rounds'] {
  const lengthMs = (seen.endMs - seen.startMs) / ROUNDS;
  return Array.from({ length: ROUNDS }, (_, i) => {
    const fromMs = seen.startMs + i * lengthMs;
    const count = (times: readonly number[]): number =>
      times.filter((atMs) => atMs >= fromMs && atMs < fromMs + lengthMs).length;
    return {
      share: count(good) / quotaOf(row, lengthMs),
      throttlesPer10k: per10k(count(refused), count(good) + count(refused)),
    };
  });
}

function per10k(throttles: number, calls: number): number {
  return calls === 0 ? 0 : (throttles / calls) * 10_000;
}

/** The last of each run of throttles. */
export function episodeEnds(throttledMs: readonly number[]): number[] {
  return throttledMs.filter((atMs, i) => (throttledMs[i + 1] ?? Infinity) - atMs >= SILENCE_MS);
}

/** To the end of the first span, as long as the window and at least a second, in which nine tenths of the rate were let in. */
function recoveryOf(row: Row, good: readonly number[], { endMs, untilMs }: { endMs: number; untilMs: number }): number {
  const spanMs = Math.max(row.perMs, 1_000);
  const after = good.filter((atMs) => atMs >= endMs && atMs < untilMs);
  const wanted = Math.ceil(rateAt(row, endMs) * spanMs * RECOVERED);
  for (let i = wanted - 1; i < after.length; i += 1) {
    const [first, last] = [after[i - wanted + 1], after[i]];
    if (first !== undefined && last !== undefined && last - first <= spanMs) return last - endMs;
  }
  return Infinity;
}

function median(values: readonly number[]): number | null {
  const ascending = values.toSorted((a, b) => a - b);
  return ascending[Math.floor((ascending.length - 1) / 2)] ?? null;
}
