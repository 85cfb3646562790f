/** What an answer's fields said about its quota. */
export interface AnnouncedRate {
  readonly remaining: number;
  readonly resetAtMs: number;
  readonly limit: number | undefined;
}

/**
 * The quota as the upstream counts it, for an upstream whose limit is not configured: what remains until the reset, less what we have
 * sent since. The background is paced to `remaining / time to the reset`, lane now may go as long as something remains. Forgotten at
 * the reset. An answer that is older, by send number, than the last one applied is ignored: answers overtake each other.
 */
export class AnnouncedQuota {
  #remaining = 0;
  #resetAtMs = 0;
  #lastSeq = -1;

  constructor(private readonly longestMs: number) {}

  told(rate: AnnouncedRate, sent: { seq: number; inFlight: number }, nowMs: number): void {
    if (sent.seq < this.#lastSeq) return;
    this.#lastSeq = sent.seq;
    // Those still on their way may or may not be in the upstream's count: taken as not, so that none is counted too little.
    this.#remaining = rate.remaining - sent.inFlight;
    // A reset beyond the longest pause is not believed further than that: one call then asks again.
    this.#resetAtMs = Math.min(rate.resetAtMs, nowMs + this.longestMs);
  }

  sent(): void {
    this.#remaining -= 1;
  }

  known(nowMs: number): boolean {
    return this.#resetAtMs > nowMs;
  }

  get remaining(): number {
    return Math.max(0, this.#remaining);
  }

  get resetAtMs(): number {
    return this.#resetAtMs;
  }

  perSecond(nowMs: number): number {
    return (1000 * this.remaining) / Math.max(1, this.#resetAtMs - nowMs);
  }
}
