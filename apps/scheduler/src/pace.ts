import { MOST_BATCHED } from '#contracts';
import type { UpstreamState } from '#contracts';

type Told = Pick<UpstreamState, 'fence' | 'state' | 'backgroundRate' | 'queued'>;

/** Four states are told a second: after this long nobody holds the upstream. */
const FORGOTTEN_AFTER_MS = 3_000;
/** A probe needs something to send, and the best of a few. */
const PROBE_WITH = 4;
/**
 * How many seconds' worth of the budget may be outstanding, besides what the upstream itself takes: half a second in the holder's queue,
 * and as much as is on the way there and back. How much that is, its queue tells: it grows while the holder runs dry, up to what a slow
 * store or a busy machine may take, and shrinks while more than a little waits.
 */
const LEAST_AHEAD_S = 0.5;
const MOST_AHEAD_S = 2.5;
const AHEAD_STEP_S = 0.125;
const RUNS_DRY_S = 0.1;
const PILES_UP_S = 0.4;
/** A little more than the holder spends, so that it never waits for us; what is outstanding bounds it. */
const OVERSUPPLY = 1.05;
/** While nothing is late by more than this share of its maxAge, no more leave than are needed in the long run, and a little. */
const LATE_FROM = 1.02;
const LEVEL = 1.03;
/** Of the budget in one message: the holder takes all of it or nothing, and is to pull no more than half a second's worth ahead. */
const TOGETHER_S = 0.1;
/** After a stall of ours: what was missed is not caught up in one burst. */
const LONGEST_BURST_S = 0.25;
/** Of what calls cost: each counts as much as this part of all before. */
const COST_MEMORY = 1 / 64;

/** What the plan knows of what is to leave and of what has left. */
export interface Ahead {
  readonly outstanding: number;
  readonly serviceMs: number;
  readonly neededPerSecond: number;
  readonly greatestRatio: number;
}

/** How many reminders may leave now, by what the holder of the upstream tells of its rate, its queue and its pauses. */
export class ReminderPace {
  #told: Told | undefined;
  #toldAtMs = -Infinity;
  #flowingSinceMs = -Infinity;
  #disturbedAtMs = -Infinity;
  #tokens = 0;
  #filledAtMs = -Infinity;
  #aheadS = LEAST_AHEAD_S;
  #wasFull = false;
  #costOfOne = 1;

  /** A holder that was overtaken may still be talking. */
  heard(told: Told, nowMs: number): void {
    if (this.#told !== undefined && told.fence < this.#told.fence && !this.#isSilent(nowMs)) return;
    if (this.#isSilent(nowMs) || isStill(this.#told)) this.#flowingSinceMs = nowMs;
    this.#told = told;
    this.#toldAtMs = nowMs;
    if (told.state !== 'flowing') this.#disturbedAtMs = nowMs;
    this.#adjustAhead(told);
  }

  /** Since when calls have been leaving; `nowMs` while none do. */
  flowingSince(nowMs: number): number {
    return this.#isSilent(nowMs) || isStill(this.#told) ? nowMs : this.#flowingSinceMs;
  }

  /** What left before this says nothing of how long the way takes. */
  disturbedAt(nowMs: number): number {
    return this.#isSilent(nowMs) ? nowMs : this.#disturbedAtMs;
  }

  /**
   * What was fetched together is due together. As long as that makes nothing late, the surplus of such a second goes into the next ones:
   * round by round the resources spread over their maxAge, and the limit is never leaned on without need.
   */
  allowance(ahead: Ahead, nowMs: number): number {
    if (this.#told === undefined || this.#isSilent(nowMs)) return 0;
    if (isStill(this.#told)) return Math.max(0, PROBE_WITH - ahead.outstanding);
    const { queued } = this.#told;
    const isLate = ahead.greatestRatio > LATE_FROM;
    const most = this.#callRate * OVERSUPPLY;
    this.#fill(isLate ? most : Math.min(most, ahead.neededPerSecond * LEVEL), nowMs);
    const room = Math.max(PROBE_WITH, Math.ceil(this.#heldRate * (this.#aheadS + ahead.serviceMs / 1000)));
    const left = room - Math.max(ahead.outstanding, queued.later);
    this.#wasFull ||= left <= 0;
    return Math.max(0, Math.min(Math.floor(this.#tokens), left));
  }

  /** How many may leave in one message. */
  together(): number {
    return Math.min(MOST_BATCHED, Math.max(1, Math.ceil(this.#heldRate * TOGETHER_S)));
  }

  /** `cost`: calls' worth of them all. */
  spend(count: number, cost = count): void {
    this.#tokens = Math.max(0, this.#tokens - count);
    if (count > 0) this.#costOfOne += (cost / count - this.#costOfOne) * (1 - (1 - COST_MEMORY) ** count);
  }

  /** The budget is calls' worth: whoever is charged more for each can make fewer. */
  get #callRate(): number {
    return (this.#told?.backgroundRate ?? 0) / this.#costOfOne;
  }

  /** As long as nobody knows better each takes a place in the queue for as long as a whole call: what costs less lets it run dry. */
  get #heldRate(): number {
    return (this.#told?.backgroundRate ?? 0) / Math.max(1, this.#costOfOne);
  }

  #adjustAhead(told: Told): void {
    const queuedS = told.queued.later / this.#heldRate;
    const stepS = Math.max(AHEAD_STEP_S, this.#aheadS / 16);
    const mostS = MOST_AHEAD_S / Math.min(1, this.#costOfOne);
    if (isStill(told)) this.#aheadS = LEAST_AHEAD_S;
    else if (queuedS > PILES_UP_S) this.#aheadS = Math.max(LEAST_AHEAD_S, this.#aheadS - stepS);
    else if (this.#wasFull && queuedS < RUNS_DRY_S) this.#aheadS = Math.min(mostS, this.#aheadS + stepS);
    this.#wasFull = false;
  }

  #fill(perSecond: number, nowMs: number): void {
    const elapsedS = Math.max(0, Math.min(LONGEST_BURST_S, (nowMs - this.#filledAtMs) / 1000));
    const most = Math.max(1, Math.min(perSecond, this.#callRate) * LONGEST_BURST_S);
    this.#tokens = Math.min(most, this.#tokens + perSecond * elapsedS);
    this.#filledAtMs = nowMs;
  }

  #isSilent(nowMs: number): boolean {
    return nowMs - this.#toldAtMs > FORGOTTEN_AFTER_MS;
  }
}

function isStill(told: Told | undefined): boolean {
  if (told === undefined) return true;
  return told.state === 'paused' || told.state === 'probing' || told.backgroundRate <= 0;
}
