const GROWTH = 1.5;
const GROWS_BY_MS = 5;
/** More than this share of a window is not the way's fault: then the limit is lower than configured. */
const MOST_OF_WINDOW = 1 / 16;
const RELAX_EVERY_MS = 60_000;
const RELAX = 0.9;

/**
 * How much the way to the upstream varies: a burst may arrive closer together than it was sent. Assumed at first; a throttle although the
 * windows had room says that it is more, a minute without one that it may be less again.
 */
export class Spread {
  #ms: number;
  readonly #mostMs: number;
  #changedAtMs = 0;
  #beforeMs: number | undefined;

  constructor(
    private readonly assumedMs: number,
    shortestWindowMs: number,
  ) {
    this.#ms = assumedMs;
    this.#mostMs = Math.max(assumedMs, shortestWindowMs * MOST_OF_WINDOW);
  }

  throttled(nowMs: number): number {
    this.#changedAtMs = nowMs;
    this.#beforeMs = this.#ms;
    this.#ms = Math.min(this.#mostMs, this.#ms * GROWTH + GROWS_BY_MS);
    return this.#ms;
  }

  /** The limit is lower than was thought: the throttle before that one was no fault of the way either. */
  acquitted(): number {
    this.#ms = this.#beforeMs ?? this.#ms;
    this.#beforeMs = undefined;
    return this.#ms;
  }

  /** The new value when it is time to try a smaller one. */
  relaxed(nowMs: number): number | undefined {
    if (this.#ms <= this.assumedMs || nowMs - this.#changedAtMs < RELAX_EVERY_MS) return undefined;
    this.#changedAtMs = nowMs;
    this.#beforeMs = undefined;
    this.#ms = Math.max(this.assumedMs, this.#ms * RELAX);
    return this.#ms;
  }
}
