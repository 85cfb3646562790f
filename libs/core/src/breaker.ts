import type { Lane } from './priority.js';

/** The K of adaptive throttling: nothing is shed while at least every second call is accepted. */
const K = 2;
/** What was seen counts half after this time: of what is older than 2 min, next to nothing is left. */
const HALF_LIFE_MS = 30_000;
const MEAN_LIFE_MS = HALF_LIFE_MS / Math.LN2;
/** A few failures say nothing, and calls whose answer is still out say nothing without them. */
const LEAST_FAILURES = 3;
const OPEN_ABOVE = 0.9;
/** Lane now goes on while anything at all has succeeded within this time. */
const NOTHING_SUCCEEDED_MS = 30_000;
const TRIAL_EVERY_MS = 1_000;
/** So many successes without a failure between them close it, however much failed before. */
const SUCCESSES_TO_CLOSE = 10;
const SHORTEST_TURN_MS = 5;
const LONGEST_TURN_MS = 100;

export type BreakerAdmission =
  | { readonly kind: 'go' }
  | { readonly kind: 'wait'; readonly untilMs: number }
  /** For lane now only. At `resumeAtMs` a call may be let through as the trial. */
  | { readonly kind: 'refuse'; readonly resumeAtMs: number };

export type BreakerState =
  | { readonly kind: 'closed' }
  /** `p`: the share of background turns that are skipped. */
  | { readonly kind: 'shedding'; readonly p: number }
  | { readonly kind: 'open'; readonly p: number; readonly trialAtMs: number };

/**
 * Keeps load off an upstream that fails: 5xx, time-outs, broken connections. It knows nothing of limits: an answer that is a throttle
 * is a sign of life, and is told here as a success; the pause deals with it.
 *
 * Adaptive throttling (Site Reliability Engineering, "Handling Overload"): p = max(0, (requests − K · accepts) / (requests + 1)). A
 * request counts when it is *sent*: counted when it ends, those that hang would be missing just when they matter.
 *
 * - `closed`: p is 0; everything goes. Left when more than half of what was sent has come to nothing, three failures at the least.
 * - `shedding`: p > 0; lane now goes, and a turn of the background is skipped with probability p. A skipped turn lasts as long as one
 *   call usually takes its turn: asking again at once is not another throw of the dice.
 * - `open`: p > 0.9. The same; and when nothing has succeeded for 30 s, calls of lane now are refused too.
 *
 * In every state one call per second goes through: whoever asks first after a second without a send. Ten successes in a row forget all
 * that was before, so that an upstream which is well again has all of its traffic within seconds and not within a window's length.
 */
export class Breaker {
  #requests = 0;
  #accepts = 0;
  #failures = 0;
  /** To when the three counts have decayed. */
  #countedAtMs = -Infinity;
  #successesInRow = 0;
  #lastSentAtMs = -Infinity;
  /** The last success; before there was one, the first send. */
  #aliveAtMs: number | undefined;
  #skippedUntilMs = -Infinity;

  /** A call leaves. */
  sent(nowMs: number): void {
    this.#decay(nowMs);
    this.#requests += 1;
    this.#lastSentAtMs = Math.max(this.#lastSentAtMs, nowMs);
    this.#aliveAtMs ??= nowMs;
  }

  /** `ok` is false for a 5xx, a time-out and a broken connection. */
  ended(ok: boolean, nowMs: number): void {
    this.#decay(nowMs);
    if (ok) this.#succeeded(nowMs);
    else this.#failed();
  }

  /** It was sent for nobody any more, or never written: it says nothing of the upstream. */
  abandoned(nowMs: number): void {
    this.#decay(nowMs);
    this.#requests = Math.max(0, this.#requests - 1);
  }

  /** @param chance in [0, 1) */
  admit(lane: Lane, nowMs: number, chance: number): BreakerAdmission {
    const p = this.#p(nowMs);
    const trialAtMs = this.#trialAt(nowMs);
    if (p === 0 || trialAtMs <= nowMs) return { kind: 'go' };
    if (lane === 'now') return this.#refusesNow(p, nowMs) ? { kind: 'refuse', resumeAtMs: trialAtMs } : { kind: 'go' };
    if (nowMs >= this.#skippedUntilMs) {
      if (chance >= p) return { kind: 'go' };
      this.#skippedUntilMs = nowMs + this.#turnMs();
    }
    return { kind: 'wait', untilMs: Math.min(this.#skippedUntilMs, trialAtMs) };
  }

  state(nowMs: number): BreakerState {
    const p = this.#p(nowMs);
    if (p === 0) return { kind: 'closed' };
    return p > OPEN_ABOVE ? { kind: 'open', p, trialAtMs: this.#trialAt(nowMs) } : { kind: 'shedding', p };
  }

  #succeeded(nowMs: number): void {
    this.#accepts += 1;
    this.#successesInRow += 1;
    this.#aliveAtMs = nowMs;
    if (this.#successesInRow < SUCCESSES_TO_CLOSE || this.#failures === 0) return;
    this.#requests = 0;
    this.#accepts = 0;
    this.#failures = 0;
    this.#skippedUntilMs = -Infinity;
  }

  #failed(): void {
    this.#failures += 1;
    this.#successesInRow = 0;
  }

  #p(nowMs: number): number {
    this.#decay(nowMs);
    // A hair below, since the third of three failures finds the first two decayed a little.
    if (this.#failures <= LEAST_FAILURES - 1) return 0;
    return Math.max(0, (this.#requests - K * this.#accepts) / (this.#requests + 1));
  }

  #refusesNow(p: number, nowMs: number): boolean {
    return p > OPEN_ABOVE && this.#aliveAtMs !== undefined && nowMs - this.#aliveAtMs >= NOTHING_SUCCEEDED_MS;
  }

  /** A clock that went back does not put the trial off for longer than its second. */
  #trialAt(nowMs: number): number {
    return Math.min(this.#lastSentAtMs, nowMs) + TRIAL_EVERY_MS;
  }

  #turnMs(): number {
    const usualMs = MEAN_LIFE_MS / Math.max(1, this.#requests);
    return Math.min(LONGEST_TURN_MS, Math.max(SHORTEST_TURN_MS, usualMs));
  }

  #decay(nowMs: number): void {
    const passedMs = Number.isFinite(this.#countedAtMs) ? Math.max(0, nowMs - this.#countedAtMs) : 0;
    const left = 2 ** (-passedMs / HALF_LIFE_MS);
    this.#requests *= left;
    this.#accepts *= left;
    this.#failures *= left;
    this.#countedAtMs = nowMs;
  }
}

export function createBreaker(): Breaker {
  return new Breaker();
}
