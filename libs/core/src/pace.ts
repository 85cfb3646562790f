import type { Heard } from './announced-quota.js';
import type { Announcement } from './announcement.js';
import { Announcements } from './announcements.js';
import { Ceiling } from './ceiling.js';
import { confidenceOf } from './ceiling-known.js';
import type { Refusal } from './ceiling-refused.js';
import { FixedWindow } from './fixed-window.js';
import type { Learned, LearnedRecord } from './gate-types.js';
import { Pacer } from './pacer.js';
import { RAMP_MS, rampShare } from './ramp.js';
import { SendMeter, METERED_MS } from './send-meter.js';
import { Windows, type Uncounted, type WindowLimit } from './windows.js';

const SLOWEST_PER_SECOND = 0.001;
/** A stall of the process of this length costs the background no rate. */
const BACKGROUND_SLACK_MS = 60;
/** Of a window that was learned from throttles this share is spent. */
const LEARNED_SHARE = 0.97;
/** One throttle that the windows had not foreseen may be anything; a second so soon after may say that the limit is lower. */
const AGAIN_WITHIN_MS = 120_000;
/**
 * A limit that is lower than the windows shows within a window or two of the full rate. What was borne for longer than this after the ramp is
 * no limit of ours: the vendor throttled for a reason of its own, and a lower rate would not have kept it from that.
 */
const SHOWS_WITHIN_MS = 5_000;
const SHOWS_WITHIN_WINDOWS = 2;
const LONGEST_SHOWN_MS = 120_000;
const ENOUGH_PER_SECOND = 1;
const AGREES = 0.08;

/**
 * How fast calls may follow each other, on top of the windows. With known windows while ramping, and while throttles say that the limit is
 * lower than they are; without any always, by the learned ceiling, and for the background also by what the answers say remains.
 *
 * The windows are the configured ones; without any, those that the upstream's answers tell, which may come, change and go.
 *
 * The background is spaced in the flow too: a window that is spent at once and again when it ends is kept to the letter, but a hundred
 * calls that were held up together on the way then arrive in the next window. Spaced evenly, only as many are too close as the delay
 * itself can hold. A user's call never waits for this.
 */
export class Pace {
  readonly #configured: boolean;
  readonly #options: { spreadMs: number; reserveShare: number };
  readonly #meter = new SendMeter();
  readonly #ceiling = new Ceiling(this.#meter);
  readonly #fixed = new FixedWindow();
  readonly #announced: Announcements;
  readonly #pacer = new Pacer();
  readonly #announcedPacer = new Pacer();
  readonly #backgroundPacer = new Pacer(BACKGROUND_SLACK_MS);
  #windows: Windows;
  #kind: Learned['kind'] = 'rate';
  /** Throttles came although the windows had room: the ceiling binds below them. */
  #capped = false;
  #unforeseenAtMs = -Infinity;
  #rampingSinceMs: number | undefined;

  constructor(windows: Windows, options: { spreadMs: number; reserveShare: number }, longestMs: number) {
    this.#windows = windows;
    this.#configured = windows.configured;
    this.#options = options;
    this.#announced = new Announcements(longestMs);
  }

  get windows(): Windows {
    return this.#windows;
  }

  /** Nothing is stored for the start: what waited does not leave at once. */
  ramp(nowMs: number): void {
    this.#rampingSinceMs = nowMs;
    this.#ceiling.resumed(nowMs);
    this.#pacer.empty(this.perSecond(nowMs), nowMs);
  }

  /** When the pace permits the next call of any lane; at or before now: it does. */
  readyAt(nowMs: number): number {
    return this.#applies(nowMs) ? this.#pacer.readyAt() : nowMs;
  }

  /** Undefined: as far as the announcements of the upstream go, something remains. */
  exhaustedUntil(cost: number, nowMs: number): number | undefined {
    return this.#windows.configured ? undefined : this.#announced.exhaustedUntil(cost, nowMs);
  }

  backgroundReadyAt(nowMs: number): number {
    if (this.#windows.configured) return this.#backgroundPacer.readyAt();
    return this.#announced.known(nowMs) ? this.#announcedPacer.readyAt() : nowMs;
  }

  spend(background: boolean, cost: number, nowMs: number): void {
    this.#meter.sent(nowMs, cost);
    if (this.#searches) this.#ceiling.sent(nowMs);
    if (this.#applies(nowMs)) this.#pacer.spend(this.perSecond(nowMs) / cost, nowMs);
    if (background) this.#spendBackground(cost, nowMs);
    this.#announced.sent(cost);
    this.#uncap(nowMs);
  }

  giveBack(uncounted: Uncounted, nowMs: number): void {
    // Before the windows have it back, as it was when it was spent.
    const perSecond = Math.max(SLOWEST_PER_SECOND, this.#windows.ceilingPerSecond(nowMs));
    if (uncounted.background && this.#windows.configured)
      this.#backgroundPacer.giveBack(perSecond / uncounted.tokens, nowMs);
    this.#windows.giveBack(uncounted, nowMs);
  }

  told(announcement: Announcement, heard: Heard, nowMs: number): void {
    this.#announced.told(announcement, heard, nowMs);
    if (!this.#configured) this.#adopt(nowMs);
    if (this.#windows.configured) this.#announced.reconcile(this.#windows, nowMs);
  }

  /** A call that left then was not taken. */
  refused(sentAtMs: number, cost: number): void {
    this.#meter.refused(sentAtMs, cost);
  }

  refusedAgain(): void {
    this.#ceiling.refusedAgain();
  }

  /** The first throttle of an episode. Answers whether the windows were full: then the limit is what we think it is. */
  throttled(refusal: Refusal, full: number): boolean {
    if (this.#windows.configured) {
      return this.#throttledInWindows(refusal, full);
    }
    if (this.#fixed.contradictedBy(refusal.sentAtMs, this.#meter)) this.#fixed.forget();
    this.#ceiling.throttled(refusal);
    this.#learnFixed(refusal);
    return false;
  }

  #throttledInWindows(refusal: Refusal, full: number): boolean {
    const { nowMs, sentAtMs } = refusal;
    if (!this.#capped && this.#ceiling.fallsBack(nowMs)) {
      this.#capped = true;
      return false;
    }
    if (!this.#capped) {
      const inUse = this.#meter.perSecond(sentAtMs, 1_000);
      const unforeseen = this.#fullness(sentAtMs) < full && inUse >= ENOUGH_PER_SECOND;
      const again = nowMs - this.#unforeseenAtMs < AGAIN_WITHIN_MS;
      if (unforeseen) this.#unforeseenAtMs = nowMs;
      if (!unforeseen || !again || !this.#isSoonAfterRamp(sentAtMs)) return true;
      const known = this.#windows.ceilingPerSecond(nowMs);
      this.#ceiling.begin(Math.min(known, inUse), known, nowMs);
    }
    this.#capped = true;
    this.#ceiling.throttled(refusal);
    return false;
  }

  /** The rate at which calls are spaced where they are: the learned ceiling, or the ramp to the known one. */
  perSecond(nowMs: number): number {
    if (!this.#windows.configured) return this.#ceiling.perSecond(nowMs);
    const share = this.#ramps(nowMs) ? rampShare(nowMs - (this.#rampingSinceMs ?? 0)) : 1;
    const known = this.#windows.ceilingPerSecond(nowMs) * share;
    return Math.max(SLOWEST_PER_SECOND, this.#capped ? Math.min(known, this.#ceiling.perSecond(nowMs)) : known);
  }

  /** What all of it lets through in the long run: windows, pace and announcements. */
  sustainedPerSecond(nowMs: number): number {
    return Math.min(
      this.#windows.sustainedPerSecond(nowMs),
      this.#applies(nowMs) ? this.perSecond(nowMs) : Infinity,
      this.#windows.configured ? Infinity : this.#announced.perSecond(nowMs),
    );
  }

  get learned(): Learned | undefined {
    return this.#kind !== 'rate' && !this.#capped ? this.#learnedWindow(this.#kind) : this.#learnedRate();
  }

  get record(): LearnedRecord | undefined {
    const { learned } = this;
    if (learned === undefined) return undefined;
    const { perSecond } = learned;
    const ceiling = this.#ceiling.learned ?? { perSecond, holdMs: 0 };
    const windows = this.#configured ? [] : this.#windows.limits.map(({ limit, perMs }) => ({ limit, perMs }));
    return { ...ceiling, kind: this.#kind, windows, fixed: this.#fixed.found };
  }

  restore(record: LearnedRecord | undefined, nowMs: number): void {
    if (record === undefined) return;
    const { kind, windows, fixed, ...ceiling } = record;
    const searched = ceiling.level !== undefined || ceiling.holdMs > 0;
    if (searched) this.#ceiling.restore(ceiling, nowMs);
    this.#capped = this.#configured && searched;
    this.#fixed.restore(fixed);
    if (this.#configured || windows === undefined || windows.length === 0) return;
    this.#kind = kind ?? 'rate';
    this.#windows = new Windows(windows, this.#options);
  }

  #learnedWindow(kind: 'declared' | 'fixed-window'): Learned | undefined {
    const [tightest] = this.#windows.limits.toSorted((a, b) => a.limit / a.perMs - b.limit / b.perMs);
    if (tightest === undefined) return undefined;
    const { limit, perMs } = tightest;
    return { kind, perSecond: (1000 * limit) / perMs, limit, perMs, confidence: kind === 'declared' ? 1 : 0.9 };
  }

  #learnedRate(): Learned | undefined {
    const ceiling = this.#ceiling.learned;
    if (ceiling === undefined || !this.#searches) return undefined;
    const { perSecond } = ceiling;
    const { found } = this.#fixed;
    const byFixed = found === undefined ? 0 : (1000 * found.limit) / found.perMs;
    // Seen, but not what is held to: no more than a guess.
    if (found === undefined || Math.abs(byFixed / perSecond - 1) > AGREES)
      return { kind: 'rate', perSecond, confidence: confidenceOf(ceiling) };
    const { limit, perMs, episodes } = found;
    return { kind: 'fixed-window', perSecond: byFixed, limit, perMs, confidence: Math.min(0.95, 0.5 + 0.1 * episodes) };
  }

  #spendBackground(cost: number, nowMs: number): void {
    if (this.#windows.configured) {
      this.#backgroundPacer.spend(Math.max(SLOWEST_PER_SECOND, this.#windows.ceilingPerSecond(nowMs)) / cost, nowMs);
    } else if (this.#announced.known(nowMs)) {
      this.#announcedPacer.spend(Math.max(SLOWEST_PER_SECOND, this.#announced.perSecond(nowMs)) / cost, nowMs);
    }
  }

  /** Windows that the answers tell become ours, with what was sent before they were known. */
  #adopt(nowMs: number): void {
    const told = this.#announced.windows;
    if (told === undefined && this.#announced.agreesWith(this.#windows.limits)) return;
    this.#kind = told?.kind ?? 'rate';
    const limits = told?.limits ?? [];
    if (isSame(limits, this.#windows.limits)) return;
    this.#windows = new Windows(limits, this.#options);
    this.#windows.seed(this.#meter.runs(nowMs - METERED_MS, nowMs));
    this.#capped = false;
  }

  #learnFixed({ sentAtMs, endAtMs, nowMs }: Refusal): void {
    if (endAtMs === undefined) return;
    const waitMs = endAtMs - nowMs;
    // Sends are counted by when they left: the end is brought to the same side of the way there and back.
    const atMs = endAtMs - (nowMs - sentAtMs);
    this.#fixed.throttled(
      sentAtMs,
      { atMs, inSeconds: Math.abs(waitMs - Math.round(waitMs / 1000) * 1000) < 1 },
      this.#meter,
    );
    const { found } = this.#fixed;
    if (found !== undefined && this.#ceiling.allows((1000 * found.limit) / found.perMs))
      this.#ceiling.settle((1000 * found.limit) / found.perMs, LEARNED_SHARE);
  }

  #isSoonAfterRamp(atMs: number): boolean {
    const longestMs = Math.max(...this.#windows.limits.map(({ perMs }) => perMs));
    const showsMs = Math.min(LONGEST_SHOWN_MS, Math.max(SHOWS_WITHIN_MS, SHOWS_WITHIN_WINDOWS * longestMs));
    return this.#rampingSinceMs !== undefined && atMs - this.#rampingSinceMs <= RAMP_MS + showsMs;
  }

  /** How full the fullest of the windows was when that call left. */
  #fullness(sentAtMs: number): number {
    let most = 0;
    for (const { limit, perMs } of this.#windows.limits) {
      const forMs = Math.min(perMs, METERED_MS);
      most = Math.max(most, (this.#meter.within(sentAtMs - forMs, sentAtMs) + 1) / ((limit * forMs) / perMs));
    }
    return most;
  }

  /** The ceiling has climbed above the windows again: they are what binds. */
  #uncap(nowMs: number): void {
    if (!this.#capped || this.#ramps(nowMs)) return;
    if (this.#ceiling.perSecond(nowMs) < this.#windows.ceilingPerSecond(nowMs)) return;
    this.#capped = false;
    this.#ceiling.forget();
  }

  get #searches(): boolean {
    return this.#capped || !this.#windows.configured;
  }

  #ramps(nowMs: number): boolean {
    return this.#rampingSinceMs !== undefined && nowMs - this.#rampingSinceMs < RAMP_MS;
  }

  #applies(nowMs: number): boolean {
    return this.#searches || this.#ramps(nowMs);
  }
}

function isSame(a: readonly WindowLimit[], b: readonly WindowLimit[]): boolean {
  return a.length === b.length && a.every(({ limit, perMs }, i) => limit === b[i]?.limit && perMs === b[i]?.perMs);
}
