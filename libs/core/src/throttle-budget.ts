const WINDOW_MS = 600_000;
/** Throttles are counted in bins of this length: memory does not grow with a flood of them. */
const BIN_MS = 5_000;
const ALARM_AT = 0.1;
const BACKGROUND_STOPS_AT = 0.5;
const EVERYTHING_STOPS_AT = 0.9;

export type ThrottleVerdict = 'free' | 'alarm' | 'no-background' | 'nothing';

/** Bins `[begin, throttles]`. Plain JSON: the next holder goes on with the count. */
export type ThrottleBudgetRecord = readonly (readonly [atMs: number, count: number])[];

/**
 * Some upstreams ban whoever is throttled too often (Discord: 10,000 refused calls in 10 min). Throttles of the last 10 min against a
 * ceiling: alarm at 10 % of it, the background stops at 50 %, everything at 90 %. It ends by itself, as the window slides on.
 */
export class ThrottleBudget {
  #bins: [atMs: number, count: number][] = [];
  #total = 0;

  constructor(private readonly ceiling: number) {}

  seen(nowMs: number): void {
    this.#forget(nowMs);
    const binAtMs = Math.floor(nowMs / BIN_MS) * BIN_MS;
    const last = this.#bins.at(-1);
    // A clock that went back counts into the newest bin: later than true, so it is forgotten too late and never too early.
    if (last !== undefined && last[0] >= binAtMs) last[1] += 1;
    else this.#bins.push([binAtMs, 1]);
    this.#total += 1;
  }

  verdict(nowMs: number): ThrottleVerdict {
    this.#forget(nowMs);
    const share = this.#total / this.ceiling;
    if (share >= EVERYTHING_STOPS_AT) return 'nothing';
    if (share >= BACKGROUND_STOPS_AT) return 'no-background';
    return share >= ALARM_AT ? 'alarm' : 'free';
  }

  /** Throttles of the last 10 min. */
  count(nowMs: number): number {
    this.#forget(nowMs);
    return this.#total;
  }

  /** When the verdict will be milder, if nothing more is seen; undefined while it is `free`. */
  milderAt(nowMs: number): number | undefined {
    const now = this.verdict(nowMs);
    if (now === 'free') return undefined;
    const below = { nothing: EVERYTHING_STOPS_AT, 'no-background': BACKGROUND_STOPS_AT, alarm: ALARM_AT }[now];
    let left = this.#total;
    for (const [atMs, count] of this.#bins) {
      left -= count;
      if (left / this.ceiling < below) return leavesAt(atMs);
    }
    return nowMs + WINDOW_MS;
  }

  record(nowMs: number): ThrottleBudgetRecord {
    this.#forget(nowMs);
    return this.#bins.map(([atMs, count]) => [atMs, count] as const);
  }

  /** `shiftMs` is added to the record's times. */
  restore(record: ThrottleBudgetRecord, shiftMs: number): void {
    this.#bins = record.map(([atMs, count]) => [atMs + shiftMs, count]);
    this.#total = record.reduce((sum, [, count]) => sum + count, 0);
  }

  #forget(nowMs: number): void {
    for (let first = this.#bins[0]; first !== undefined; first = this.#bins[0]) {
      if (leavesAt(first[0]) > nowMs) return;
      this.#total -= first[1];
      this.#bins.shift();
    }
  }
}

function leavesAt(binAtMs: number): number {
  return binAtMs + BIN_MS + WINDOW_MS;
}
