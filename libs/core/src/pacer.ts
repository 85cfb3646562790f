/** What one turn of a busy event loop may be late by: less would cost rate, more would be a burst. */
const LATE_TURN_MS = 25;

/**
 * Spaces calls evenly at a rate: a bucket of one token, plus what a turn of the event loop may be late. The slot is taken when the
 * call starts, by moving one time forward; nobody sleeps first and pays after, so no two waiters wake for the same slot.
 */
export class Pacer {
  #nextAtMs = 0;

  constructor(private readonly slackMs = LATE_TURN_MS) {}

  readyAt(): number {
    return this.#nextAtMs - this.slackMs;
  }

  spend(perSecond: number, nowMs: number): void {
    this.#nextAtMs = Math.max(nowMs, this.#nextAtMs) + 1000 / perSecond;
  }

  /** One that was spent did not count after all; nothing is stored beyond what a moment ago was free. */
  giveBack(perSecond: number, nowMs: number): void {
    this.#nextAtMs = Math.max(nowMs, this.#nextAtMs - 1000 / perSecond);
  }

  /** Nothing is stored: the next call is due one full interval from now. */
  empty(perSecond: number, nowMs: number): void {
    this.#nextAtMs = nowMs + this.slackMs + 1000 / perSecond;
  }
}
