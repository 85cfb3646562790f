import { LongCounter } from './long-counter.js';
import { PacedBucket } from './paced-bucket.js';
import type { Unreported } from './reservation.js';
import { SendLog } from './send-log.js';

export interface WindowLimit {
  readonly limit: number;
  readonly perMs: number;
}

/** Plain JSON, to be kept between two holders. Times are those of the clock that wrote it; `restore` shifts them. */
export type WindowRecord =
  | { limit: number; perMs: number; kind: 'log'; sends: readonly (readonly [atMs: number, count: number])[] }
  | { limit: number; perMs: number; kind: 'bucket'; tokens: number; atMs: number }
  | {
      limit: number;
      perMs: number;
      kind: 'long';
      sends: readonly (readonly [binEndMs: number, count: number])[];
      periodStartMs: number;
      spent: number;
      /** The period is the upstream's own. */
      aligned?: boolean;
    };

/** What the three ways to keep one window have in common. `paced` concerns the background only. */
export interface OneWindow {
  readonly limit: number;
  readonly perMs: number;
  /** The most that can ever be free at one instant: what a reserve is a share of. */
  readonly size: number;
  setSpread(spreadMs: number, nowMs: number): void;
  free(nowMs: number): number;
  freeAt(nowMs: number, count: number): number;
  paced(nowMs: number): number;
  pacedAt(nowMs: number, count: number): number;
  spend(nowMs: number, count: number, background: boolean): void;
  /** One call may cost so much: makes room for it, if it can ever fit. */
  fit(cost: number): void;
  /** Charged and not used, says the vendor. */
  refund(nowMs: number, count: number): void;
  /** It left then, and the vendor did not count it. */
  giveBack(uncounted: Uncounted, nowMs: number): void;
  /** The upstream told when it begins anew, and what remains until then. */
  align(told: { readonly resetAtMs: number; readonly remaining: number | undefined }, nowMs: number): void;
  /** The oldest send that has its place but was not yet seen to leave has left now. */
  left(nowMs: number): void;
  sustainedPerMs(nowMs: number): number;
  /** Another holder may have sent so many more, the last of them then. */
  assume(unreported: Unreported): void;
  drain(nowMs: number): void;
  record(nowMs: number): WindowRecord;
  restore(record: WindowRecord, shiftMs: number, nowMs: number): void;
}

/** What was paid for a call that did not cost so much after all. */
export interface Uncounted {
  readonly tokens: number;
  readonly startedAtMs: number;
  readonly leftAtMs: number;
  readonly background: boolean;
}

/** How many tokens and which share at most the background leaves for lane now, in each window. */
export interface Reserve {
  readonly tokens: number;
  readonly share: number;
}

const SHORT_MS = 2_000;
const LONG_MS = 3_600_000;
/** Below this a bucket's burst of one costs more than 5 % of the limit: the exact log is cheap and gives all of it. */
const FEW = 20;
/** A holder writes its record at least every 5 s and its lease runs 3 s: it cannot have sent for longer than this unreported. */
const UNREPORTED_MOST_MS = 10_000;

const FLOWS_ON = 2;
const SOON_MS = 60;

const NOTHING_UNREPORTED: Unreported = { calls: 0, atMs: 0 };

function windowOf({ limit, perMs }: WindowLimit, spreadMs: number, reserveShare: number): OneWindow {
  if (perMs >= LONG_MS) return new LongCounter(limit, perMs, spreadMs, reserveShare);
  if (perMs <= SHORT_MS || limit <= FEW) return new SendLog(limit, perMs, spreadMs);
  return new PacedBucket(limit, perMs, spreadMs);
}

/**
 * Several windows at once, all or nothing: a send is paid in each of them or in none. Short ones (<= 2 s, or at most 20 sends) are an
 * exact log, middle ones a bucket that cannot exceed the limit in any window, long ones (>= 1 h) counters that pace the background.
 * A send is a send: nothing is given back, since the upstream has counted it too, unless it says or it is known that it has not.
 */
export class Windows {
  readonly #windows: readonly OneWindow[];
  /** What the upstream says remains where that is less than we count: until its window is over. */
  readonly #lowered: ({ left: number; untilMs: number } | undefined)[];

  constructor(limits: readonly WindowLimit[], options: { spreadMs: number; reserveShare?: number }) {
    this.#windows = limits.map((limit) => windowOf(limit, options.spreadMs, options.reserveShare ?? 0));
    this.#lowered = limits.map(() => undefined);
  }

  get configured(): boolean {
    return this.#windows.length > 0;
  }

  get limits(): readonly WindowLimit[] {
    return this.#windows;
  }

  /** Tokens that are free in all windows; Infinity when there are none. */
  available(nowMs: number): number {
    let least = Infinity;
    for (let i = 0; i < this.#windows.length; i += 1) least = Math.min(least, this.freeIn(i, nowMs));
    return least;
  }

  /** Whether all windows can pay for it now. */
  has(nowMs: number, cost: number): boolean {
    for (const window of this.#windows) window.fit(cost);
    return this.available(nowMs) >= cost;
  }

  /** The most that one call can cost and still leave one day. */
  get largestCost(): number {
    let least = Infinity;
    for (const { limit } of this.#windows) least = Math.min(least, Math.max(1, Math.floor(limit / 2)));
    return least;
  }

  /** True when one background send leaves the reserve of every window untouched and is due by the pace of the long ones. */
  availableBeyond(reserve: Reserve, nowMs: number, cost = 1): boolean {
    for (const [i, window] of this.#windows.entries()) {
      const kept = keptOf(window, reserve, cost);
      if (this.freeIn(i, nowMs) - atOnceOf(kept) < cost || window.paced(nowMs) < 1) return false;
      if (window.freeAt(nowMs, cost + kept) > nowMs + SOON_MS) return false;
    }
    return true;
  }

  /** Pays all windows, or none and answers false. */
  take(nowMs: number, cost = 1, background = false): boolean {
    if (!this.has(nowMs, cost)) return false;
    for (const window of this.#windows) window.spend(nowMs, cost, background);
    this.#lowerBy(cost);
    return true;
  }

  /** A call that left did cost more than it was charged: it has been spent, room or no room. */
  charge(nowMs: number, cost: number): void {
    for (const window of this.#windows) window.assume({ calls: Math.ceil(cost), atMs: nowMs });
    this.#lowerBy(cost);
  }

  refund(nowMs: number, cost: number): void {
    if (cost > 0) for (const window of this.#windows) window.refund(nowMs, cost);
  }

  /** Of a call whose price hangs on its answer: what it cost in none of the windows. */
  giveBack(uncounted: Uncounted, nowMs: number): void {
    for (const window of this.#windows) window.giveBack(uncounted, nowMs);
    this.#lowerBy(-uncounted.tokens);
  }

  /** When `count` tokens will be free if nothing is sent before; Infinity when some window can never hold so many. */
  nextAvailableAt(nowMs: number, count = 1): number {
    let latest = nowMs;
    for (const [i, window] of this.#windows.entries()) {
      window.fit(count);
      latest = Math.max(latest, window.freeAt(nowMs, count), this.#raisedAt(i, count, nowMs));
    }
    return latest;
  }

  nextBeyondAt(reserve: Reserve, nowMs: number, cost = 1): number {
    let latest = nowMs;
    for (const [i, window] of this.#windows.entries()) {
      const kept = keptOf(window, reserve, cost);
      const atOnce = cost + atOnceOf(kept);
      latest = Math.max(latest, window.freeAt(nowMs, atOnce), window.freeAt(nowMs, cost + kept) - SOON_MS);
      latest = Math.max(latest, window.pacedAt(nowMs, 1), this.#raisedAt(i, atOnce, nowMs));
    }
    return latest;
  }

  /** What one window lets through now, as we count and as the upstream does. */
  freeIn(index: number, nowMs: number): number {
    const lowered = this.#lowered[index];
    const free = this.#windows[index]?.free(nowMs) ?? Infinity;
    if (lowered === undefined) return free;
    if (lowered.untilMs > nowMs) return Math.max(0, Math.min(free, lowered.left));
    this.#lowered[index] = undefined;
    return free;
  }

  /** The upstream counts less than we do: at once, and never more again until its window is over. */
  lower(index: number, left: number, untilMs: number, nowMs: number): void {
    if (left >= this.freeIn(index, nowMs) || untilMs <= nowMs) return;
    this.#lowered[index] = { left, untilMs };
  }

  /** The upstream was seen to begin a window anew. */
  raise(index: number): void {
    this.#lowered[index] = undefined;
  }

  align(
    index: number,
    told: { readonly resetAtMs: number; readonly remaining: number | undefined },
    nowMs: number,
  ): void {
    this.#windows[index]?.align(told, nowMs);
  }

  /** Sends of before these windows were known; each at its time, oldest first. */
  seed(runs: readonly (readonly [atMs: number, count: number])[]): void {
    for (const [atMs, count] of runs) {
      for (const window of this.#windows) window.assume({ calls: Math.round(count), atMs });
    }
  }

  /** What can be sustained, by the tightest window. */
  sustainedPerSecond(nowMs: number): number {
    let least = Infinity;
    for (const window of this.#windows) least = Math.min(least, window.sustainedPerMs(nowMs) * 1000);
    return least;
  }

  /** The rate that the upstream's limit permits, without the pacing of days: what a ramp climbs to. */
  ceilingPerSecond(nowMs: number): number {
    let least = Infinity;
    for (const window of this.#windows) {
      if (window.perMs < LONG_MS) least = Math.min(least, window.sustainedPerMs(nowMs) * 1000);
    }
    return least === Infinity ? this.sustainedPerSecond(nowMs) : least;
  }

  left(nowMs: number, cost = 1): void {
    for (const window of this.#windows) for (let i = 0; i < cost; i += 1) window.left(nowMs);
  }

  setSpread(spreadMs: number, nowMs: number): void {
    for (const window of this.#windows) window.setSpread(spreadMs, nowMs);
  }

  /** Assumes the worst that a predecessor under the same limits can have left: everything was spent just now. */
  drain(nowMs: number): void {
    for (const window of this.#windows) window.drain(nowMs);
  }

  snapshot(nowMs: number): WindowRecord[] {
    return this.#windows.map((window) => window.record(nowMs));
  }

  /**
   * Takes over what another holder wrote; `shiftMs` is added to its times. Clean: as written. Not clean: what may have been sent beyond
   * the record is spent as well. Where nobody knows how much that is, short and middle windows are drained; long ones keep their count, plus
   * all that the short ones could have let through since the record was written. A window that the record does not know (the
   * configuration changed) is drained.
   */
  restore(
    records: readonly WindowRecord[],
    at: { clean: boolean; unreported?: Unreported | undefined; savedAtMs: number | undefined; shiftMs: number },
    nowMs: number,
  ): void {
    const known = at.clean ? NOTHING_UNREPORTED : at.unreported;
    const gapMs = at.savedAtMs === undefined ? 0 : Math.max(0, nowMs - at.savedAtMs - at.shiftMs);
    const unreportedMs = Math.min(gapMs, UNREPORTED_MOST_MS);
    for (const window of this.#windows) {
      const record = records.find(({ limit, perMs }) => limit === window.limit && perMs === window.perMs);
      const long = window.perMs >= LONG_MS;
      if (record === undefined || (known === undefined && !long)) window.drain(nowMs);
      else window.restore(record, at.shiftMs, nowMs);
      if (known !== undefined && known.calls > 0) window.assume(known);
      if (known === undefined && long)
        window.spend(nowMs, Math.min(window.free(nowMs), this.#mostWithin(unreportedMs, window)), false);
    }
  }

  #lowerBy(cost: number): void {
    for (const lowered of this.#lowered) if (lowered !== undefined) lowered.left -= cost;
  }

  #raisedAt(index: number, count: number, nowMs: number): number {
    const lowered = this.#lowered[index];
    return lowered !== undefined && lowered.untilMs > nowMs && lowered.left < count ? lowered.untilMs : nowMs;
  }

  #mostWithin(gapMs: number, long: OneWindow): number {
    const others = this.#windows.filter((window) => window.perMs < LONG_MS);
    if (others.length === 0) return Math.ceil(long.limit / 100);
    return Math.min(...others.map((window) => window.limit * (Math.floor(gapMs / window.perMs) + 1)));
  }
}

/** At most its share of the window, and never the last token: at least one per interval stays with the background. */
function keptOf(window: OneWindow, reserve: Reserve, cost: number): number {
  return Math.max(0, Math.min(reserve.tokens, Math.floor(reserve.share * window.size), window.size - cost));
}

/** All of the reserve but two tokens has to be free at this moment; those two may come free soon: so unused reserve flows on. */
function atOnceOf(kept: number): number {
  return Math.max(Math.min(kept, 1), kept - FLOWS_ON);
}

export function createWindows(
  limits: readonly WindowLimit[],
  options: { spreadMs: number; reserveShare?: number },
): Windows {
  return new Windows(limits, options);
}
