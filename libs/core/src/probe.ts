const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

/** The one trial call after a pause: who has it, and when the next may be tried after one that said nothing. */
export class Probe {
  inFlight = false;
  #nextAtMs = 0;
  #inconclusive = 0;

  get nextAtMs(): number {
    return this.#nextAtMs;
  }

  /** A new pause, or a hand that resumes: the next probe may leave as soon as the pause allows. */
  allow(): void {
    this.#nextAtMs = 0;
    this.#inconclusive = 0;
  }

  /** Ended without a word about the limit: again after U(0.5, 1) · min(30 s, 1 s · 2^j). */
  saidNothing(failed: boolean, nowMs: number, chance: number): void {
    const waitMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(this.#inconclusive, 10));
    this.#nextAtMs = nowMs + waitMs * (0.5 + 0.5 * chance);
    // A client that left is not the upstream's fault: it does not lengthen the back-off.
    if (failed) this.#inconclusive += 1;
  }
}
