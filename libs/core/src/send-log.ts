import type { Unreported } from './reservation.js';
import type { OneWindow, Uncounted, WindowRecord } from './windows.js';

/**
 * An exact log of send times: the n-th send may leave once the (n − limit)-th has left every window at the receiver. Two sends that
 * are `perMs + spreadMs` apart arrive at least `perMs` apart, however long each was on its way (within spreadMs).
 * A place is taken when a call starts, and counts from when its bytes left: a process that is held up in between sends later than it meant
 * to. A ring of `limit` times: O(1) to ask and to spend.
 */
export class SendLog implements OneWindow {
  readonly size: number;
  #times: Float64Array;
  #oldest = 0;
  #count = 0;
  /** How many of the newest have their place but were not yet seen to leave. */
  #unleft = 0;
  #spreadMs: number;

  constructor(
    readonly limit: number,
    readonly perMs: number,
    spreadMs: number,
  ) {
    this.size = limit;
    this.#times = new Float64Array(limit);
    this.#spreadMs = spreadMs;
  }

  setSpread(spreadMs: number): void {
    this.#spreadMs = spreadMs;
  }

  free(nowMs: number): number {
    const span = this.perMs + this.#spreadMs;
    while (this.#count > 0 && this.#at(0) + span <= nowMs) {
      this.#forgetOldest();
    }
    this.#unleft = Math.min(this.#unleft, this.#count);
    return this.limit - this.#count;
  }

  freeAt(nowMs: number, count: number): number {
    if (count > this.limit) return Infinity;
    // What calls are learned to cost is no whole number; their times stand under whole ones.
    const missing = Math.ceil(count) - this.free(nowMs);
    return missing <= 0 ? nowMs : this.#at(missing - 1) + this.perMs + this.#spreadMs;
  }

  paced(): number {
    return Infinity;
  }

  pacedAt(nowMs: number): number {
    return nowMs;
  }

  fit(): void {}

  /** An exact log forgets nothing before its time. */
  refund(): void {}

  /** Takes out the newest that left no later: which of two calls of one moment it was makes no difference to the log. */
  giveBack({ tokens, leftAtMs }: Uncounted): void {
    for (let left = tokens; left > 0; left -= 1) {
      const at = this.#newestUntil(leftAtMs);
      if (at < 0) return;
      this.#removeAt(at);
    }
  }

  align(): void {}

  spend(nowMs: number, count: number): void {
    for (let i = 0; i < count && this.#count < this.limit; i += 1) {
      this.#push(nowMs);
      this.#unleft += 1;
    }
  }

  left(nowMs: number): void {
    if (this.#unleft === 0) return;
    this.#times[(this.#oldest + this.#count - this.#unleft) % this.limit] = nowMs;
    this.#unleft -= 1;
  }

  sustainedPerMs(): number {
    return this.limit / (this.perMs + this.#spreadMs);
  }

  /** Those that are pushed out had left every window before the last of these could be sent. */
  assume({ calls, atMs }: Unreported): void {
    for (let i = 0; i < Math.min(calls, this.limit); i += 1) {
      const newestAtMs = this.#count > 0 ? this.#at(this.#count - 1) : atMs;
      if (this.#count === this.limit) this.#forgetOldest();
      this.#push(Math.max(atMs, newestAtMs));
    }
    this.#unleft = Math.min(this.#unleft, this.#count);
  }

  drain(nowMs: number): void {
    this.#oldest = 0;
    this.#count = this.limit;
    this.#unleft = 0;
    this.#times.fill(nowMs);
  }

  record(nowMs: number): WindowRecord {
    this.free(nowMs);
    const sends: [number, number][] = [];
    for (let i = 0; i < this.#count; i += 1) addToRun(sends, this.#at(i), this.perMs / 100);
    return { limit: this.limit, perMs: this.perMs, kind: 'log', sends };
  }

  restore(record: WindowRecord, shiftMs: number, nowMs: number): void {
    if (record.kind !== 'log') return this.drain(nowMs);
    this.#oldest = 0;
    this.#count = 0;
    for (const [atMs, count] of record.sends) this.spend(Math.min(nowMs, atMs + shiftMs), count);
    this.#unleft = 0;
  }

  #push(atMs: number): void {
    this.#times[(this.#oldest + this.#count) % this.limit] = atMs;
    this.#count += 1;
  }

  /** Among those that were seen to leave; -1: none of them is in a window any more. */
  #newestUntil(leftAtMs: number): number {
    let [below, above] = [-1, this.#count - this.#unleft];
    while (above - below > 1) {
      const middle = (below + above) >> 1;
      if (this.#at(middle) <= leftAtMs) below = middle;
      else above = middle;
    }
    return below;
  }

  #removeAt(index: number): void {
    for (let i = index; i < this.#count - 1; i += 1) this.#times[(this.#oldest + i) % this.limit] = this.#at(i + 1);
    this.#count -= 1;
  }

  #forgetOldest(): void {
    this.#oldest = (this.#oldest + 1) % this.limit;
    this.#count -= 1;
  }

  #at(index: number): number {
    return this.#times[(this.#oldest + index) % this.limit] ?? 0;
  }
}

/** Sends that are close together are written as one run at its last time: later than true, so never too early when read back. */
function addToRun(runs: [number, number][], atMs: number, grainMs: number): void {
  const last = runs.at(-1);
  if (last === undefined || atMs - last[0] > grainMs) runs.push([atMs, 1]);
  else {
    last[0] = atMs;
    last[1] += 1;
  }
}
