import type { Reserve } from './windows.js';

const MEMORY_MS = 10_000;
const FIRST_GUESS_MS = 200;

/**
 * What lane now is likely to need: its arrivals per second (decaying over 10 s) and the response times of the upstream (a running
 * 95th percentile and mean). The reserve follows from both: enough for whoever arrives while a call is on its way, and one more.
 */
export class NowDemand {
  #perSecond = 0;
  #updatedAtMs = 0;
  #p95Ms = FIRST_GUESS_MS;
  #meanMs: number | undefined;

  arrived(nowMs: number): void {
    this.#perSecond = this.perSecond(nowMs) + 1000 / MEMORY_MS;
    this.#updatedAtMs = nowMs;
  }

  answered(tookMs: number): void {
    // Up by 19 parts when above, down by 1 when below: at rest with 5 % above.
    const step = Math.max(1, this.#p95Ms) * 0.05;
    this.#p95Ms = Math.max(1, this.#p95Ms + (tookMs > this.#p95Ms ? step * 0.95 : -step * 0.05));
    this.#meanMs = this.#meanMs === undefined ? tookMs : this.#meanMs + (tookMs - this.#meanMs) * 0.05;
  }

  perSecond(nowMs: number): number {
    return this.#perSecond * Math.exp(-Math.max(0, nowMs - this.#updatedAtMs) / MEMORY_MS);
  }

  /** What the slots of the background carry at the time that calls take (Little); Infinity before the first answer. */
  perSecondBySlots(
    { reserveShare, concurrency }: { reserveShare: number; concurrency: number },
    nowMs: number,
  ): number {
    if (this.#meanMs === undefined) return Infinity;
    const slots = concurrency - this.slotsKept(reserveShare, concurrency, nowMs);
    return (1000 * slots) / Math.max(0.1, this.#meanMs);
  }

  reserve(share: number, nowMs: number): Reserve {
    return { tokens: Math.ceil((this.perSecond(nowMs) * (this.#p95Ms + 1000)) / 1000) + 1, share };
  }

  /** Slots that the background leaves free; at least one slot stays with it. */
  slotsKept(share: number, concurrency: number, nowMs: number): number {
    const expected = Math.ceil((this.perSecond(nowMs) * this.#p95Ms) / 1000) + 1;
    return Math.max(0, Math.min(expected, Math.floor(share * concurrency), concurrency - 1));
  }
}
