const BETA = 0.7;
const SCALE = 0.4;
const SMOOTH = 0.8;
const MIN_FILL = 0.5;
const MIN_CAPACITY = 1;
const BUCKETS_PER_SECOND = 2;

/**
 * The AWS SDKs' adaptive mode (DefaultRateLimiter.ts): a token bucket whose rate follows a cubic curve from throttle to
 * throttle. Off until the first throttle. A slot is reserved when it is asked for, as they ship since 2026: the balance may
 * be owed, and nobody waits for the same token as another. Times in seconds.
 */
export class AdaptiveRate {
  private enabled = false;
  private fill = MIN_FILL;
  private capacity = MIN_CAPACITY;
  private balance = 0;
  private filledAt: number;
  private measured = 0;
  private requests = 0;
  private lastBucket: number;
  private lastMax = 0;
  private throttledAt: number;
  private window = 0;

  /** `knownRate`: the limit that the client was configured with, which its rate then never exceeds. */
  constructor(
    now: number,
    private readonly knownRate: number | undefined = undefined,
  ) {
    this.filledAt = now;
    this.throttledAt = now;
    this.lastBucket = bucketOf(now);
    if (knownRate !== undefined) this.enable(knownRate);
  }

  /** Seconds until the slot that is hereby taken. */
  reserve(now: number): number {
    if (!this.enabled) return 0;
    this.refill(now);
    this.balance -= 1;
    return Math.max(0, -this.balance / this.fill);
  }

  answered(now: number, isThrottle: boolean): void {
    this.measure(now);
    const next = isThrottle ? this.throttled(now) : this.cubic(now);
    const rate = Math.min(next, 2 * this.measured, this.knownRate ?? Infinity);
    this.refill(now);
    this.fill = Math.max(rate, MIN_FILL);
    this.capacity = Math.max(rate, MIN_CAPACITY);
    this.balance = Math.min(this.balance, this.capacity);
  }

  private enable(rate: number): void {
    this.enabled = true;
    this.fill = rate;
    this.capacity = Math.max(rate, MIN_CAPACITY);
    this.measured = rate;
    this.lastMax = rate;
  }

  private throttled(now: number): number {
    this.lastMax = this.enabled ? Math.min(this.measured, this.fill) : this.measured;
    this.window = windowOf(this.lastMax);
    this.throttledAt = now;
    this.enabled = true;
    return this.lastMax * BETA;
  }

  private cubic(now: number): number {
    this.window = windowOf(this.lastMax);
    return SCALE * (now - this.throttledAt - this.window) ** 3 + this.lastMax;
  }

  private measure(now: number): void {
    const bucket = bucketOf(now);
    this.requests += 1;
    if (bucket <= this.lastBucket) return;
    const rate = this.requests / (bucket - this.lastBucket);
    this.measured = rate * SMOOTH + this.measured * (1 - SMOOTH);
    this.requests = 0;
    this.lastBucket = bucket;
  }

  private refill(now: number): void {
    this.balance = Math.min(this.capacity, this.balance + (now - this.filledAt) * this.fill);
    this.filledAt = now;
  }
}

function bucketOf(now: number): number {
  return Math.floor(now * BUCKETS_PER_SECOND) / BUCKETS_PER_SECOND;
}

/** How long the curve takes to come back to where it was cut. */
function windowOf(max: number): number {
  return Math.cbrt((max * (1 - BETA)) / SCALE);
}
