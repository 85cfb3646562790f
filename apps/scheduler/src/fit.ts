import type { UpstreamState } from '#contracts';

type Told = Pick<UpstreamState, 'state' | 'backgroundRate'>;

/** Of the budget: what is told four times a second follows each call of a user and each probing of a limit. */
const SMOOTHED_OVER_MS = 10_000;
/** Between the two the answer stays as it was. */
const FITS_NO_MORE = 1;
const FITS_AGAIN = 0.96;

/**
 * Whether what is needed fits the budget of the background, in the long run: a pause and the climb after it say nothing of that. What may
 * leave right now is for the pace to say, and that follows every word of the holder.
 */
export class Fit {
  #perSecond: number | undefined;
  #heardAtMs = 0;
  #fits = true;

  heard({ state, backgroundRate }: Told, nowMs: number): void {
    if (state !== 'flowing') return;
    const elapsedMs = Math.max(0, nowMs - this.#heardAtMs);
    this.#heardAtMs = nowMs;
    if (this.#perSecond === undefined) this.#perSecond = backgroundRate;
    // After a silence or a pause nothing is known of the time in between: no step is larger than the usual way.
    const share = 1 - Math.exp(-Math.min(elapsedMs, 1_000) / SMOOTHED_OVER_MS);
    this.#perSecond += share * (backgroundRate - this.#perSecond);
  }

  /** Calls' worth per second; 0 until it was told. */
  get perSecond(): number {
    return this.#perSecond ?? 0;
  }

  /** @param neededPerSecond calls' worth that keep every maxAge. */
  fits(neededPerSecond: number): boolean {
    if (this.#perSecond === undefined) return this.#fits;
    if (neededPerSecond > this.#perSecond * FITS_NO_MORE) this.#fits = false;
    else if (neededPerSecond <= this.#perSecond * FITS_AGAIN) this.#fits = true;
    return this.#fits;
  }
}
