import type { Known } from './ceiling-known.js';

/** Throttled so soon after the step up: the limit has not risen yet. */
const TRIED_FOR_MS = 4_000;
const FIRST_TRY_MS = 6_000;
/** So many tries in vain, each later than the last, and the limit is taken to stay where it fell to. */
const MOST_FAILURES = 6;
const LATER = 1.5;
const EVEN_TRIES = 2;
const CLOSER = 1.02;
const CLOSEST = 0.97;
/** When the limit rises is known well enough. */
const KNOWN_TO = 0.2;
const OPEN = 1.1;
const FADES = 0.9;
/** A high level that lasted longer than any window was no mistake. */
const LASTING_MS = 10_000;
const MARGIN_MS = 300;

/**
 * A limit that was seen to change between two levels.
 *
 * LOW. At the lower one. From time to time the higher one is tried, by one step: a climb would take the time that is to be won. Entered when
 *   the limit falls.
 * HIGH. At the higher one. Entered by the step, or when a climb showed that the limit has risen. A throttle soon after the step says that
 *   it was too early: LOW, and the next try is later. One later on says that the limit has fallen again: LOW, without a search. After six
 *   tries in vain the higher level is forgotten.
 *
 * How long the limit stays low is learned from the tries: the latest that came too early, the earliest that came in time; the next is made
 * between the two. What is known of it fades, so that it is found as well when the limit begins to rise sooner.
 */
export class Swings {
  #high: Known | undefined;
  #low: Known | undefined;
  #isHigh = false;
  #isOpen = false;
  #fellAtMs = 0;
  #step: { readonly atMs: number; readonly afterMs: number } | undefined;
  /** Of the tries since it last fell, or before. */
  #tooEarlyMs: number | undefined;
  #inTimeMs: number | undefined;
  #failures = 0;

  /** Seen to have fallen from a level that was borne; to where is not known yet. */
  fell(high: Known, isOpen: boolean, nowMs: number): void {
    this.#isOpen = isOpen;
    this.#high = { ...high };
    this.#low = undefined;
    this.#isHigh = false;
    this.#fellAtMs = nowMs;
    this.#failures = 0;
  }

  /** Seen to have risen from a level that was borne. */
  rose(low: Known): void {
    this.#low = closer(low);
    this.#isHigh = true;
    this.#step = undefined;
  }

  /** How high it has risen: as far as it was climbed. */
  climbed(high: Known): void {
    this.#isOpen = this.#high === undefined || high.level > OPEN * this.#high.level;
    this.#high = { ...high };
  }

  get isHigh(): boolean {
    return this.#isHigh;
  }

  /** How high it has risen is not known: the climb goes on. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** A throttle. Undefined: not at the higher level, or the lower one is not known. Else what to go on with. */
  fallen(nowMs: number): Known | undefined {
    if (!this.#isHigh || this.#low === undefined) return undefined;
    this.#isHigh = false;
    if (this.#step !== undefined) this.#judge(this.#step, nowMs);
    else this.#fellAtMs = nowMs;
    this.#step = undefined;
    return { ...this.#low };
  }

  isTryDue(nowMs: number): boolean {
    return !this.#isHigh && this.#high !== undefined && nowMs >= this.#fellAtMs + this.#tryAfterMs();
  }

  /** The step up, from that level; answers the higher one. */
  step(low: Known, nowMs: number): Known | undefined {
    if (this.#high === undefined) return undefined;
    this.#low = closer(low);
    this.#isHigh = true;
    this.#step = { atMs: nowMs, afterMs: nowMs - this.#fellAtMs };
    return { ...this.#high };
  }

  forget(): void {
    this.#high = undefined;
    this.#low = undefined;
    this.#isHigh = false;
    this.#step = undefined;
    this.#tooEarlyMs = undefined;
    this.#inTimeMs = undefined;
  }

  #judge({ atMs, afterMs }: { atMs: number; afterMs: number }, nowMs: number): void {
    const forMs = nowMs - atMs;
    if (forMs >= TRIED_FOR_MS) {
      // What came too early in this stay bounds the next; what did long ago may have been another rhythm.
      const early = (this.#tooEarlyMs ?? Infinity) * (this.#failures > 0 ? 1 : FADES);
      this.#tooEarlyMs = Math.min(early, (1 - KNOWN_TO) * afterMs);
      this.#inTimeMs = afterMs;
      this.#fellAtMs = nowMs;
      this.#failures = forMs < LASTING_MS ? this.#failures + 1 : 0;
      if (this.#failures >= MOST_FAILURES) this.#high = undefined;
      return;
    }
    this.#tooEarlyMs = afterMs;
    if (this.#inTimeMs !== undefined && afterMs >= this.#inTimeMs) this.#inTimeMs = undefined;
    this.#failures += 1;
    if (this.#failures >= MOST_FAILURES) this.#high = undefined;
  }

  #tryAfterMs(): number {
    const [early, inTime] = [this.#tooEarlyMs, this.#inTimeMs];
    if (inTime === undefined) return (early ?? 0) + FIRST_TRY_MS * LATER ** Math.max(0, this.#failures - EVEN_TRIES);
    const between = early !== undefined && inTime - early > 1.01 * KNOWN_TO * inTime && this.#failures === 0;
    return between ? (early + inTime) / 2 : inTime + MARGIN_MS;
  }
}

/** A stay that was borne brings a level nearer to what was refused. */
function closer(low: Known): Known {
  const level = Math.max(low.level, Math.min(CLOSEST * low.refused, CLOSER * low.level));
  return { ...low, level, borne: low.level };
}
