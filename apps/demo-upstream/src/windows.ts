import type { WindowSpec } from './profile.js';

/** One limit. `waitMs` is 0 while there is room; only `take` spends. */
export interface Window {
  readonly spec: WindowSpec;
  waitMs(nowMs: number): number;
  take(nowMs: number): void;
  remaining(nowMs: number): number;
  /** Until the window is whole again (fixed) or at least larger than now (the others). */
  resetMs(nowMs: number): number;
  /** Another limit from now on; what was taken stays taken. */
  resize(limit: number): void;
}

export function openWindow(spec: WindowSpec): Window {
  switch (spec.kind) {
    case 'fixed':
      return new FixedWindow(spec);
    case 'sliding':
      return new SlidingWindow(spec);
    case 'bucket':
      return new BucketWindow(spec);
  }
}

/** So many per span; spans lie end to end on the monotonic clock. */
class FixedWindow implements Window {
  private span = -1;
  private taken = 0;
  constructor(public spec: WindowSpec) {}

  resize(limit: number): void {
    this.spec = { ...this.spec, limit };
  }

  waitMs(nowMs: number): number {
    return this.remaining(nowMs) > 0 ? 0 : this.resetMs(nowMs);
  }

  take(nowMs: number): void {
    this.remaining(nowMs);
    this.taken++;
  }

  remaining(nowMs: number): number {
    const span = Math.floor(nowMs / this.spec.perMs);
    if (span !== this.span) this.taken = 0;
    this.span = span;
    return Math.max(0, this.spec.limit - this.taken);
  }

  resetMs(nowMs: number): number {
    return (Math.floor(nowMs / this.spec.perMs) + 1) * this.spec.perMs - nowMs;
  }
}

/** So many in any span: the times of the last `limit` calls in a ring, exactly. */
class SlidingWindow implements Window {
  private times: Float64Array;
  private oldest = 0;
  private taken = 0;
  constructor(public spec: WindowSpec) {
    this.times = new Float64Array(spec.limit);
  }

  /** The newest that fit are kept; while more were taken than the new limit, the window is full. */
  resize(limit: number): void {
    const kept = Array.from({ length: this.taken }, (_, i) => this.times[(this.oldest + i) % this.spec.limit] ?? 0);
    this.spec = { ...this.spec, limit };
    this.times = new Float64Array(limit);
    this.times.set(kept.slice(-limit));
    this.oldest = 0;
    this.taken = Math.min(limit, kept.length);
  }

  waitMs(nowMs: number): number {
    return this.remaining(nowMs) > 0 ? 0 : this.resetMs(nowMs);
  }

  /** A call over the limit (refused, but counted) pushes the oldest out. */
  take(nowMs: number): void {
    if (this.remaining(nowMs) === 0) this.dropOldest();
    this.times[(this.oldest + this.taken) % this.spec.limit] = nowMs;
    this.taken++;
  }

  remaining(nowMs: number): number {
    while (this.taken > 0 && this.oldestTime() + this.spec.perMs <= nowMs) this.dropOldest();
    return this.spec.limit - this.taken;
  }

  resetMs(nowMs: number): number {
    this.remaining(nowMs);
    return this.taken === 0 ? 0 : this.oldestTime() + this.spec.perMs - nowMs;
  }

  private oldestTime(): number {
    return this.times[this.oldest] ?? 0;
  }

  private dropOldest(): void {
    this.oldest = (this.oldest + 1) % this.spec.limit;
    this.taken--;
  }
}

/** Tokens that drip in at limit/perMs, up to the burst. */
class BucketWindow implements Window {
  private tokens: number;
  private filledMs = 0;
  private size: number;
  constructor(public spec: WindowSpec) {
    this.size = spec.burst ?? spec.limit;
    this.tokens = this.size;
  }

  /** A burst of its own stays as it is. */
  resize(limit: number): void {
    this.spec = { ...this.spec, limit };
    this.size = this.spec.burst ?? limit;
    this.tokens = Math.min(this.size, this.tokens);
  }

  waitMs(nowMs: number): number {
    this.fill(nowMs);
    return this.tokens >= 1 ? 0 : this.untilTokensMs(1);
  }

  take(nowMs: number): void {
    this.fill(nowMs);
    this.tokens = Math.max(0, this.tokens - 1);
  }

  remaining(nowMs: number): number {
    this.fill(nowMs);
    return Math.floor(this.tokens);
  }

  resetMs(nowMs: number): number {
    this.fill(nowMs);
    return this.untilTokensMs(Math.min(this.size, Math.floor(this.tokens) + 1));
  }

  private untilTokensMs(tokens: number): number {
    return ((tokens - this.tokens) * this.spec.perMs) / this.spec.limit;
  }

  private fill(nowMs: number): void {
    const dripped = ((nowMs - this.filledMs) * this.spec.limit) / this.spec.perMs;
    this.tokens = Math.min(this.size, this.tokens + dripped);
    this.filledMs = nowMs;
  }
}
