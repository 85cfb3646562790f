import { AnnouncedQuota, type AnnouncedRate } from './announced-rate.js';
import { Ceiling } from './ceiling.js';
import { Pacer } from './pacer.js';
import { RAMP_MS, rampShare } from './ramp.js';
import type { Windows } from './windows.js';

const SLOWEST_PER_SECOND = 0.001;
/** A stall of the process of this length costs the background no rate. */
const BACKGROUND_SLACK_MS = 60;

/**
 * How fast calls may follow each other, on top of the windows. With known windows only while ramping; without any always, by the
 * learned ceiling, and for the background also by what the answers say remains.
 *
 * The background is spaced in the flow too: a window that is spent at once and again when it ends is kept to the letter, but a hundred
 * calls that were held up together on the way then arrive in the next window. Spaced evenly, only as many are too close as the delay
 * itself can hold. A user's call never waits for this.
 */
export class Pace {
  readonly ceiling = new Ceiling();
  readonly #announced: AnnouncedQuota;
  readonly #pacer = new Pacer();
  readonly #announcedPacer = new Pacer();
  readonly #backgroundPacer = new Pacer(BACKGROUND_SLACK_MS);
  #rampingSinceMs: number | undefined;

  constructor(
    private readonly windows: Windows,
    longestMs: number,
  ) {
    this.#announced = new AnnouncedQuota(longestMs);
  }

  /** Nothing is stored for the start: what waited does not leave at once. */
  ramp(nowMs: number): void {
    this.#rampingSinceMs = nowMs;
    this.ceiling.resumed(nowMs);
    this.#pacer.empty(this.perSecond(nowMs), nowMs);
  }

  /** When the pace permits the next call of any lane; at or before now: it does. */
  readyAt(nowMs: number): number {
    return this.#applies(nowMs) ? this.#pacer.readyAt() : nowMs;
  }

  /** Undefined: as far as the announcements of the upstream go, something remains. */
  exhaustedUntil(nowMs: number): number | undefined {
    return this.#byAnnouncement(nowMs) && this.#announced.remaining < 1 ? this.#announced.resetAtMs : undefined;
  }

  backgroundReadyAt(nowMs: number): number {
    if (this.windows.configured) return this.#backgroundPacer.readyAt();
    return this.#byAnnouncement(nowMs) ? this.#announcedPacer.readyAt() : nowMs;
  }

  spend(background: boolean, nowMs: number): void {
    if (!this.windows.configured) this.ceiling.sent(nowMs);
    if (this.#applies(nowMs)) this.#pacer.spend(this.perSecond(nowMs), nowMs);
    if (background && this.windows.configured) {
      this.#backgroundPacer.spend(Math.max(SLOWEST_PER_SECOND, this.windows.ceilingPerSecond(nowMs)), nowMs);
    }
    if (!this.#byAnnouncement(nowMs)) return;
    this.#announced.sent();
    const announced = Math.max(SLOWEST_PER_SECOND, this.#announced.perSecond(nowMs));
    if (background) this.#announcedPacer.spend(announced, nowMs);
  }

  told(rate: AnnouncedRate, sent: { seq: number; inFlight: number }, nowMs: number): void {
    this.#announced.told(rate, sent, nowMs);
  }

  /** The rate at which calls are spaced where they are: the learned ceiling, or the ramp to the known one. */
  perSecond(nowMs: number): number {
    if (!this.windows.configured) return this.ceiling.perSecond(nowMs);
    const share = rampShare(nowMs - (this.#rampingSinceMs ?? 0));
    return Math.max(SLOWEST_PER_SECOND, this.windows.ceilingPerSecond(nowMs) * share);
  }

  /** What all of it lets through in the long run: windows, pace and announcements. */
  sustainedPerSecond(nowMs: number): number {
    return Math.min(
      this.windows.sustainedPerSecond(nowMs),
      this.#applies(nowMs) ? this.perSecond(nowMs) : Infinity,
      this.#byAnnouncement(nowMs) ? this.#announced.perSecond(nowMs) : Infinity,
    );
  }

  #applies(nowMs: number): boolean {
    const ramping = this.#rampingSinceMs !== undefined && nowMs - this.#rampingSinceMs < RAMP_MS;
    return ramping || !this.windows.configured;
  }

  #byAnnouncement(nowMs: number): boolean {
    return !this.windows.configured && this.#announced.known(nowMs);
  }
}
