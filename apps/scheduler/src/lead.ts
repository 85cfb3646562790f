const UNTIL_LEARNED_MS = 250;
const SHORTEST_MS = 50;
const STEADIEST_SHARE = 1 / 256;
/** Of maxAge: what may be spent on coming early. More would cost calls in every round. */
const EARLY_SHARE = 0.02;
/** Of maxAge: how late the slow ones may be; a little less than the tenth that is promised. */
const LATE_SHARE = 0.08;

/**
 * How long before its time a reminder has to leave. Mean and mean deviation are followed as RFC 6298 follows round trips, so that no
 * sample has to be kept.
 */
export class Lead {
  #samples = 0;
  #meanMs = UNTIL_LEARNED_MS;
  #deviationMs = 0;
  #serviceMs = 0;

  /** `totalMs`: from the reminder to the answer. `serviceMs`: the part of it that the upstream took. */
  learn({ totalMs, serviceMs }: { totalMs: number; serviceMs: number }): void {
    this.#samples += 1;
    const share = Math.max(STEADIEST_SHARE, 1 / this.#samples);
    if (this.#samples > 1) this.#deviationMs += share * (Math.abs(totalMs - this.#meanMs) - this.#deviationMs);
    this.#meanMs += share * (totalMs - this.#meanMs);
    this.#serviceMs += share * (Math.max(0, serviceMs) - this.#serviceMs);
  }

  /**
   * The usual time: half of the answers are there a little before maxAge ends, half a little after. Only where the slow ones would be later
   * than is tolerable a margin comes on top, and no more than that: coming early costs calls, calls cost time in the queue, and a margin
   * that followed the queue would ask for more and more of what it is short of.
   */
  leadMs(maxAgeMs: number): number {
    const tooLateMs = 4 * this.#deviationMs - LATE_SHARE * maxAgeMs;
    const marginMs = Math.min(Math.max(0, tooLateMs), EARLY_SHARE * maxAgeMs);
    return Math.min(Math.max(SHORTEST_MS, this.#meanMs + marginMs), maxAgeMs / 2);
  }

  /** What the upstream itself takes for an answer. */
  serviceMs(): number {
    return this.#serviceMs;
  }
}
