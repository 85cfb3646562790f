import type { Unreported } from './reservation.js';
import type { OneWindow, Uncounted, WindowRecord } from './windows.js';

/** One part in fifty is burst: a sustained load gets 98 % of the limit, a lone burst of callers is not strung out. */
const BURST_SHARE = 0.02;
/** Float dust of the running balance; smaller than any whole token could be short of. */
const DUST = 1e-6;

/**
 * A bucket admits `burst + rate · T` sends in any span T. What the receiver sees in `perMs` was sent within `perMs + spreadMs`, so
 * `rate = (limit − burst) / (perMs + spreadMs)` keeps every window of the receiver at or below the limit; the margin for the way
 * there is the part of that rate which falls into spreadMs. (A bucket of `limit` and `limit / per` would admit nearly twice the limit.)
 */
export class PacedBucket implements OneWindow {
  #size: number;
  #tokens: number;
  #filledAtMs = 0;
  #spreadMs: number;

  constructor(
    readonly limit: number,
    readonly perMs: number,
    spreadMs: number,
  ) {
    this.#size = Math.max(1, Math.floor(limit * BURST_SHARE));
    this.#tokens = this.#size;
    this.#spreadMs = spreadMs;
  }

  get size(): number {
    return this.#size;
  }

  /** A larger burst and a lower rate: what is sent within one window stays the same. */
  fit(cost: number): void {
    if (cost > this.#size) this.#size = Math.max(this.#size, Math.min(Math.ceil(cost), Math.floor(this.limit / 2)));
  }

  setSpread(spreadMs: number, nowMs: number): void {
    this.#fill(nowMs);
    this.#spreadMs = spreadMs;
  }

  free(nowMs: number): number {
    this.#fill(nowMs);
    return Math.max(0, Math.floor(this.#tokens + DUST));
  }

  freeAt(nowMs: number, count: number): number {
    if (count > this.size) return Infinity;
    this.#fill(nowMs);
    // As `free` tells whole tokens: what calls are learned to cost is no whole number.
    const missing = Math.ceil(count) - DUST - this.#tokens;
    return missing <= 0 ? nowMs : nowMs + missing / this.sustainedPerMs() + 0.001;
  }

  paced(): number {
    return Infinity;
  }

  pacedAt(nowMs: number): number {
    return nowMs;
  }

  spend(nowMs: number, count: number): void {
    this.#fill(nowMs);
    this.#tokens -= count;
  }

  refund(nowMs: number, count: number): void {
    this.#fill(nowMs);
    this.#tokens = Math.min(this.#size, this.#tokens + count);
  }

  giveBack({ tokens }: Uncounted, nowMs: number): void {
    this.refund(nowMs, tokens);
  }

  align(): void {}

  /** Over so long a time it makes no difference. */
  left(): void {}

  sustainedPerMs(): number {
    return (this.limit - this.size) / (this.perMs + this.#spreadMs);
  }

  /** The other kept to the same bucket: it cannot have left less than nothing. */
  assume({ calls, atMs }: Unreported): void {
    this.#fill(atMs);
    this.#tokens = Math.max(0, this.#tokens - calls);
  }

  /** An empty bucket is the worst that a predecessor under the same rule can have left. */
  drain(nowMs: number): void {
    this.#tokens = 0;
    this.#filledAtMs = nowMs;
  }

  record(nowMs: number): WindowRecord {
    this.#fill(nowMs);
    return { limit: this.limit, perMs: this.perMs, kind: 'bucket', tokens: this.#tokens, atMs: nowMs };
  }

  restore(record: WindowRecord, shiftMs: number, nowMs: number): void {
    if (record.kind !== 'bucket') return this.drain(nowMs);
    this.#tokens = Math.min(record.tokens, this.size);
    this.#filledAtMs = Math.min(nowMs, record.atMs + shiftMs);
  }

  #fill(nowMs: number): void {
    const elapsedMs = nowMs - this.#filledAtMs;
    if (elapsedMs <= 0) return;
    this.#tokens = Math.min(this.size, this.#tokens + elapsedMs * this.sustainedPerMs());
    this.#filledAtMs = nowMs;
  }
}
