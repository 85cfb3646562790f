import { announcementOf, endOfThrottle, type Announcement } from './announcement.js';
import type { Clock } from './clock.js';
import type { Form, Profile, ShiftsSpec, SpontaneousSpec, ThrottleSpec } from './profile.js';
import { quotaFields } from './quota-fields.js';
import { openWindow, type Window } from './windows.js';

export type Verdict = { kind: 'admitted' } | { kind: 'throttled'; announcement: Announcement };

const ADMITTED: Verdict = { kind: 'admitted' };
/** What a call over the concurrency cap is told to wait. */
const OVER_CONCURRENCY_MS = 1000;

/** `told`: at least one answer has announced this throttle. */
type Mode = { kind: 'open' } | { kind: 'shut'; untilMs: number; untilAt: number; form: Form; told: boolean };

/**
 * Lets calls in or throttles them. `open`: the windows decide. `shut`: an announced throttle runs and every arrival
 * is told what remains of it; entered by an arrival over a limit (where the dialect announces, or bans), by a
 * spontaneous throttle, or by a throttle asked for; left when its time has passed.
 */
export class Gate {
  private mode: Mode = { kind: 'open' };
  private windows: Window[] = [];
  private asked: ThrottleSpec[] = [];
  private schedule: SpontaneousSpec[] = [];
  private scheduleFromMs = 0;
  private factor = 1;

  constructor(
    private profile: Profile,
    private readonly clock: Clock,
  ) {
    this.openWindows();
    this.rearm();
  }

  arrive(inFlight: number): Verdict {
    const nowMs = this.clock.monotonicMs();
    if (this.mode.kind === 'shut' && nowMs >= this.mode.untilMs) this.mode = { kind: 'open' };
    this.startDueThrottles(nowMs);
    this.shift(nowMs);
    if (this.mode.kind === 'shut') return this.refuseAgain(this.mode, nowMs);
    const waitMs = this.waitMs(nowMs, inFlight);
    if (waitMs > 0) return this.refuse(nowMs, waitMs);
    for (const window of this.windows) window.take(nowMs);
    return ADMITTED;
  }

  quotaFields(): string[] {
    if (this.profile.announce === 'none') return [];
    return quotaFields(this.profile, this.windows, this.clock.monotonicMs(), this.clock.epochMs());
  }

  /** The next arrival is throttled. */
  throttle(spec: ThrottleSpec): void {
    this.asked.push(spec);
  }

  /** Starts the schedule of spontaneous throttles anew. */
  rearm(): void {
    this.scheduleFromMs = this.clock.monotonicMs();
    this.schedule = this.profile.spontaneous.toSorted((a, b) => a.afterMs - b.afterMs);
  }

  reshape(profile: Profile): void {
    const before = this.profile;
    this.profile = profile;
    if (JSON.stringify(before.limits) !== JSON.stringify(profile.limits)) this.openWindows();
    if (JSON.stringify(before.spontaneous) !== JSON.stringify(profile.spontaneous)) this.rearm();
  }

  private openWindows(): void {
    this.windows = this.profile.limits.windows.map(openWindow);
    this.factor = 1;
  }

  private shift(nowMs: number): void {
    const factor = factorAt(this.profile.limits.shifts, nowMs);
    if (factor === this.factor) return;
    this.factor = factor;
    this.windows.forEach((window, i) => {
      const limit = this.profile.limits.windows[i]?.limit ?? window.spec.limit;
      window.resize(Math.max(1, Math.round(limit * factor)));
    });
  }

  private startDueThrottles(nowMs: number): void {
    for (
      let next = this.schedule[0];
      next !== undefined && this.scheduleFromMs + next.afterMs <= nowMs;
      next = this.schedule[0]
    ) {
      this.asked.push(next);
      this.schedule.shift();
    }
    for (const { retryAfterMs, form } of this.asked) this.shut(nowMs, retryAfterMs, form);
    this.asked = [];
  }

  private waitMs(nowMs: number, inFlight: number): number {
    const { concurrency } = this.profile.limits;
    let waitMs = concurrency?.over === 'throttle' && inFlight > concurrency.limit ? OVER_CONCURRENCY_MS : 0;
    for (const window of this.windows) waitMs = Math.max(waitMs, window.waitMs(nowMs));
    return waitMs;
  }

  private refuse(nowMs: number, waitMs: number): Verdict {
    const { dialect, ban } = this.profile;
    if (dialect !== 'none' || ban?.on === 'throttle') this.shut(nowMs, waitMs, dialect);
    return this.refusal(dialect, nowMs);
  }

  private refuseAgain(throttle: { form: Form; told: boolean }, nowMs: number): Verdict {
    const { ban } = this.profile;
    // The first answer of a throttle is no arrival while throttled: its caller could not know.
    if (ban?.on === 'arrival' && throttle.told) this.shut(nowMs, ban.forMs, throttle.form);
    return this.refusal(throttle.form, nowMs);
  }

  private refusal(form: Form, nowMs: number): Verdict {
    this.countRefused(nowMs);
    if (this.mode.kind === 'open') return { kind: 'throttled', announcement: announcementOf(form, 0, 0) };
    this.mode.told = true;
    return { kind: 'throttled', announcement: announcementOf(form, this.mode.untilMs - nowMs, this.mode.untilAt) };
  }

  /** Extends, never shortens. */
  private shut(nowMs: number, waitMs: number, form: Form): void {
    const { ban } = this.profile;
    const leastMs = ban?.on === 'throttle' ? Math.max(ban.forMs, waitMs) : waitMs;
    const nowAt = this.clock.epochMs();
    const untilAt = endOfThrottle(form, leastMs, nowAt);
    const untilMs = nowMs + (untilAt - nowAt);
    if (this.mode.kind === 'shut' && this.mode.untilMs >= untilMs) return;
    const told = this.mode.kind === 'shut' && this.mode.told;
    this.mode = { kind: 'shut', untilMs, untilAt, form, told };
  }

  private countRefused(nowMs: number): void {
    if (!this.profile.limits.countRefused) return;
    for (const window of this.windows) window.take(nowMs);
  }
}

function factorAt(shifts: ShiftsSpec | null, nowMs: number): number {
  if (shifts === null) return 1;
  return shifts.factors[Math.floor(nowMs / shifts.everyMs) % shifts.factors.length] ?? 1;
}
