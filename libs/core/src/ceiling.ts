import { HOLD_AT, rampShare } from './ramp.js';

const SHORTEST_HOLD_MS = 60_000;
const LONGEST_HOLD_MS = 900_000;
const CLIMB_PER_SECOND = 1.01;
const COLD_PER_SECOND = 1;
const HIGHEST_PER_SECOND = 1e6;
const LOWEST_PER_SECOND = 0.001;
const BIN_MS = 500;
/** Fewer calls than this between two throttles say nothing about a rate. */
const ENOUGH_CALLS = 5;

export interface LearnedCeiling {
  readonly perSecond: number;
  readonly holdMs: number;
}

/**
 * The rate of an upstream that tells no limit: hold below the ceiling.
 *
 * Cold: no throttle yet. 1 call/s, doubling each second, but only by use: each call moves the climb on by at most two of its own
 *   intervals, so that an idle hour is not taken for permission. Left by the first throttle.
 * Holding: a throttle gave the ceiling W. After the pause 0.7 W to 0.9 W within 10 s, then 0.9 W for H, then 1 %/s more, by use,
 *   until the next throttle gives another W. H is 60 s; it doubles, to 15 min at most, while W repeats: the ceiling is where we
 *   thought, so there is no need to touch it often.
 *
 * W is what the upstream took over the whole busy stretch *and the pause that it then imposed*, when it told that pause: for a fixed
 * window this is its limit per length, whichever rate the window was used up at. Without such a word it is the rate in use, and after
 * a hold that was borne to its end the middle between the two.
 */
export class Ceiling {
  #cold = COLD_PER_SECOND;
  #known: { perSecond: number; holdMs: number } | undefined;
  #resumedAtMs = 0;
  #climbedMs = 0;
  #lastSentMs: number | undefined;
  #measured = 0;
  #bin = { startMs: 0, count: 0 };
  #stretch = { startMs: 0, count: 0 };

  perSecond(nowMs: number): number {
    if (this.#known === undefined) return this.#cold;
    const climb = CLIMB_PER_SECOND ** (this.#climbedMs / 1000);
    const share = rampShare(nowMs - this.#resumedAtMs);
    return Math.min(HIGHEST_PER_SECOND, this.#known.perSecond * share * climb);
  }

  sent(nowMs: number): void {
    const idleMs = nowMs - (this.#lastSentMs ?? nowMs);
    this.#lastSentMs = nowMs;
    this.#climb(idleMs, nowMs);
    this.#measure(nowMs);
    const rate = this.perSecond(nowMs);
    if (idleMs > Math.max(5_000, 3_000 / rate) || this.#stretch.count === 0)
      this.#stretch = { startMs: nowMs, count: 0 };
    this.#stretch.count += 1;
  }

  /** The first throttle of an episode. `resumeAtMs`: the end of the pause, if the upstream told it. */
  throttled(resumeAtMs: number | undefined, nowMs: number): void {
    const before = this.#known;
    // One episode at most halves what was known: a throttle that has nothing to do with the rate must not end in a standstill.
    const floor = before === undefined ? LOWEST_PER_SECOND : before.perSecond / 2;
    const perSecond = Math.max(floor, this.#estimate(resumeAtMs, nowMs));
    const repeats = before !== undefined && perSecond < 1.15 * before.perSecond && perSecond > 0.85 * before.perSecond;
    const holdMs = repeats ? Math.min(LONGEST_HOLD_MS, 2 * before.holdMs) : SHORTEST_HOLD_MS;
    this.#known = { perSecond, holdMs };
    this.#stretch = { startMs: nowMs, count: 0 };
    this.#climbedMs = 0;
  }

  resumed(nowMs: number): void {
    this.#resumedAtMs = nowMs;
    this.#climbedMs = 0;
    this.#stretch = { startMs: nowMs, count: 1 };
    this.#lastSentMs = nowMs;
  }

  get learned(): LearnedCeiling | undefined {
    return this.#known;
  }

  restore(learned: LearnedCeiling | undefined, nowMs: number): void {
    this.#known = learned === undefined ? undefined : { ...learned };
    this.#resumedAtMs = nowMs;
  }

  #estimate(resumeAtMs: number | undefined, nowMs: number): number {
    const inUse = Math.min(this.perSecond(nowMs), this.#rateNow(nowMs));
    // The call that was refused is in the count and was not taken.
    const taken = this.#stretch.count - 1;
    // The ceiling lies between the rate that was borne for the whole hold and the one that was not.
    if (this.#known !== undefined && this.#held(nowMs)) return (HOLD_AT * this.#known.perSecond + inUse) / 2;
    if (resumeAtMs === undefined || taken < ENOUGH_CALLS) return Math.max(inUse, 0.05);
    return Math.min(this.perSecond(nowMs), (1000 * taken) / Math.max(1, resumeAtMs - this.#stretch.startMs));
  }

  #climb(idleMs: number, nowMs: number): void {
    if (this.#known === undefined) {
      const byUseMs = Math.min(idleMs, 2_000 / this.#cold);
      this.#cold = Math.min(HIGHEST_PER_SECOND, this.#cold * 2 ** (byUseMs / 1000));
      return;
    }
    if (!this.#held(nowMs)) return;
    this.#climbedMs += Math.min(idleMs, Math.max(1_000, 2_000 / (this.#known.perSecond * HOLD_AT)));
  }

  /** 0.9 W was borne for the whole hold: the ceiling is close to what we send, and is felt out by climbing. */
  #held(nowMs: number): boolean {
    return this.#known !== undefined && nowMs - this.#resumedAtMs >= this.#known.holdMs;
  }

  #measure(nowMs: number): void {
    if (nowMs - this.#bin.startMs >= BIN_MS) {
      this.#measured = this.#rateNow(nowMs);
      this.#bin = { startMs: nowMs, count: 0 };
    }
    this.#bin.count += 1;
  }

  // m = 0.8 · (count / Δ) + 0.2 · m, over half-second bins (the AWS adaptive client's measure).
  #rateNow(nowMs: number): number {
    const elapsedMs = nowMs - this.#bin.startMs;
    if (elapsedMs < BIN_MS) return Math.max(this.#measured, (1000 * this.#bin.count) / BIN_MS);
    return (0.8 * 1000 * this.#bin.count) / elapsedMs + 0.2 * this.#measured;
  }
}
