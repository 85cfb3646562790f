import { stream } from './chances.js';

/** From `fromMs` on (until the next one begins) each resource changes and is asked for this often. */
export interface Season {
  readonly fromMs: number;
  /** Changes per ms. */
  readonly rates: Float64Array;
  /** Shares of the reads; their sum is 1. */
  readonly weights: Float64Array;
}

/** When which resource changes. Times are ms since the world began; before that it stands still. */
export interface Changes {
  /** All changes of one resource up to `untilMs`, ascending; maybe some beyond. */
  timesOf(item: number, untilMs: number): readonly number[];
}

/** What an upstream has, and how often it is asked for. It follows from its order alone, so that everybody who needs it has the same one. */
export interface World {
  readonly size: number;
  /** Ascending; the first begins at 0. */
  readonly seasons: readonly Season[];
  readonly changes: Changes;
}

/** How many changes there were: 0 before the first. */
export function versionAt(changes: Changes, item: number, atMs: number): number {
  return countUpTo(changes.timesOf(item, atMs), atMs);
}

/** Infinity: not within what has been drawn so far. */
export function nextChangeAfter(changes: Changes, item: number, atMs: number, untilMs: number): number {
  const times = changes.timesOf(item, untilMs);
  return times[countUpTo(times, atMs)] ?? Infinity;
}

export function seasonAt(seasons: readonly Season[], atMs: number): Season {
  const found = seasons.findLast(({ fromMs }) => fromMs <= atMs) ?? seasons[0];
  if (found === undefined) throw new Error('expected a world with a season, found none');
  return found;
}

function countUpTo(times: readonly number[], atMs: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? Infinity) <= atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Each resource changes by a Poisson process of its own, drawn as far as somebody asks. */
export class PoissonChanges implements Changes {
  private readonly times: number[][];
  private readonly chances: (() => number)[];
  private readonly drawnToMs: Float64Array;

  constructor(
    private readonly seasons: readonly Season[],
    { size, seed }: { size: number; seed: number },
  ) {
    this.times = Array.from({ length: size }, () => []);
    this.chances = Array.from({ length: size }, (_, item) => stream(seed, 'changes', item));
    this.drawnToMs = new Float64Array(size);
  }

  timesOf(item: number, untilMs: number): readonly number[] {
    const times = this.times[item] ?? [];
    while ((this.drawnToMs[item] ?? Infinity) <= untilMs) {
      const atMs = this.next(item, this.drawnToMs[item] ?? 0);
      this.drawnToMs[item] = atMs;
      if (atMs !== Infinity) times.push(atMs);
    }
    return times;
  }

  /** A unit of chance is used up at the rate of each season that it passes through. */
  private next(item: number, fromMs: number): number {
    let left = -Math.log(1 - (this.chances[item]?.() ?? 0));
    let atMs = fromMs;
    for (const [i, { fromMs: beganMs, rates }] of this.seasons.entries()) {
      const endMs = this.seasons[i + 1]?.fromMs ?? Infinity;
      if (endMs <= atMs) continue;
      const rate = rates[item] ?? 0;
      const beginMs = Math.max(atMs, beganMs);
      if (rate * (endMs - beginMs) > left) return beginMs + left / rate;
      left -= rate === 0 ? 0 : rate * (endMs - beginMs);
      atMs = endMs;
    }
    return Infinity;
  }
}

/** Changes that were written down somewhere, again and again. */
export class RepeatedChanges implements Changes {
  private readonly times: number[][];

  /** Of each resource: times within its period, ascending, and the period. */
  constructor(private readonly series: readonly { atMs: readonly number[]; periodMs: number }[]) {
    this.times = series.map(() => []);
  }

  timesOf(item: number, untilMs: number): readonly number[] {
    const times = this.times[item] ?? [];
    const { atMs, periodMs } = this.series[item] ?? { atMs: [], periodMs: 1 };
    while (atMs.length > 0 && (times.at(-1) ?? -1) <= untilMs) {
      const beganMs = (times.length / atMs.length) * periodMs;
      for (const ms of atMs) times.push(beganMs + ms);
    }
    return times;
  }
}
