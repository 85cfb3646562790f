import { firstOf, isCostly, type Known } from './ceiling-known.js';

const COLD_PER_SECOND = 1;
const HIGHEST_PER_SECOND = 1e6;
/** Fewer calls than this between two throttles say nothing about a rate. */
export const ENOUGH_CALLS = 5;

/**
 * Before the first throttle: 1 call/s, doubling each second, by use: each call moves the climb on by its own interval, so that an idle hour
 * is not taken for permission. The first throttle ends it: the mean of the whole stretch, with the pause that was imposed on it, is the first
 * level (a burst that was let through at the end is not the rate), the rate in use the one that is refused.
 */
export class ColdStart {
  #perSecond = COLD_PER_SECOND;
  #taken = 0;
  #startMs = 0;
  /** The throttle told no end: how long the denial lasted is known only when the probe was answered. */
  #openEnded = false;

  get perSecond(): number {
    return this.#perSecond;
  }

  sent(idleMs: number): void {
    const byUseMs = Math.min(idleMs, 2_000 / this.#perSecond);
    this.#perSecond = Math.min(HIGHEST_PER_SECOND, this.#perSecond * 2 ** (byUseMs / 1000));
  }

  restart(): void {
    this.#perSecond = COLD_PER_SECOND;
  }

  /** `stretch`: all calls since the start, the one that was refused among them. */
  firstLevel(
    stretch: { readonly startMs: number; readonly count: number },
    inUse: number,
    { endAtMs, nowMs }: { readonly endAtMs: number | undefined; readonly nowMs: number },
  ): Known {
    this.#taken = stretch.count - 1;
    this.#startMs = stretch.startMs;
    this.#openEnded = endAtMs === undefined;
    const usedMs = Math.max(1, nowMs - stretch.startMs);
    const pausedMs = (endAtMs ?? nowMs) - nowMs;
    // A long pause may be the rest of a long window or a punishment: between the two means then.
    const forMs = isCostly(pausedMs) ? Math.sqrt(usedMs * (usedMs + pausedMs)) : usedMs + pausedMs;
    return firstOf(Math.min((1000 * this.#taken) / forMs, inUse), inUse);
  }

  /** The probe was answered. */
  resumed(known: Known, nowMs: number): Known {
    const isShorter = this.#openEnded && this.#taken >= ENOUGH_CALLS;
    this.#openEnded = false;
    if (!isShorter) return known;
    const mean = (1000 * this.#taken) / Math.max(1, nowMs - this.#startMs);
    return firstOf(Math.min(known.perSecond, mean), known.refused);
  }
}
