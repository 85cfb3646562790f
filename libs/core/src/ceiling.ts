import {
  BORNE_AFTER_MS,
  CHANGED,
  completed,
  confidenceOf,
  firstOf,
  holdOf,
  isCostly,
  LONGEST_WINDOW_MS,
  NEAR,
  SETTLED,
  VOLATILE_MS,
  type CeilingRecord,
  type Known,
} from './ceiling-known.js';
import { RAMP_MS } from './ramp.js';
import { SendMeter } from './send-meter.js';

const COLD_PER_SECOND = 1;
const HIGHEST_PER_SECOND = 1e6;
const LOWEST_PER_SECOND = 0.001;
/** Fewer calls than this between two throttles say nothing about a rate. */
const ENOUGH_CALLS = 5;
/** The ramp of what is known, in parts of the level that it ends in. */
const RAMP_FROM = 0.78;
/** A throttle within the ramp: a long window may be full of what went before, so the next ramp begins lower. */
const LOWER_AGAIN = 0.4;

/** Long enough in use that the mean since the last throttle is the limit's, and not the burst's. */
const LONG_USE_MS = 20_000;
/** A bucket has a token again sooner than this. */
const LONG_DENIAL_MS = 2_000;
/** A first throttle of an episode: when its call had left, and the end that the upstream told, if it did. */
export interface Refusal {
  readonly sentAtMs: number;
  readonly endAtMs: number | undefined;
  readonly nowMs: number;
}

/**
 * The rate of an upstream that tells no limit: a search between the rate that was borne and the rate that was refused.
 *
 * COLD. No throttle yet. 1 call/s, doubling each second, by use: each call moves the climb on by its own interval, so that an idle hour
 *   is not taken for permission. Left by the first throttle: the mean of the whole stretch, with the pause that was imposed on it, is
 *   the first level (a burst that was let through at the end is not the rate), the rate in use the one that is refused.
 * HOLDING. After a pause from 0.78 of the level to the level within 10 s, then at the level for H. H is short (5 s, 20 s) while borne and
 *   refused lie far apart; once they are within a tenth it is 60 s, doubling to 15 min while the ceiling is found where it was thought,
 *   and never so short that touching it would cost more than 1 throttle in 6,000 calls or 1/15 of the time in pauses.
 *   A throttle here says that the level is too high: back to what was borne; or, after a long time at it, to the mean since the last
 *   throttle; or else down by a quarter.
 * CLIMBING. Toward the refused rate, slower as it comes near (1 % a second when a tenth is missing); beyond it ever faster, since then
 *   the limit must have risen. A throttle narrows the search, or, close to the level, ends it: HOLDING, for longer. What went through
 *   above the level before that throttle is the burst of the upstream: as much of it again is no sign of a higher limit.
 */
export class Ceiling {
  #cold = COLD_PER_SECOND;
  #known: Known | undefined;
  #resumedAtMs = 0;
  #throttledAtMs = 0;
  #lastSentMs: number | undefined;
  /** The time that the calls since the pause account for at the rate they were let go at: what is held counts by use. */
  #usedMs = 0;
  #takenSinceThrottle = 0;
  #climb = { log: 0, perSecond: 0, usedMs: 0, calls: 0, burstMs: 0 };
  #tentativeBurstMs = 0;
  /** The level to go on at if the denial turns out to be that of a window, and whether it did. */
  #ifDenied = 0;
  #denied = false;
  /** Throttles in a row that came within the ramp. */
  #early = 0;
  /** The limit was seen to change: until then it is touched more often. */
  #volatileUntilMs = 0;
  /** Some level was borne since the cold start. */
  #proved = false;
  /** The last level that was settled and borne. */
  #steady = 0;
  #stretch = { startMs: 0, count: 0 };
  /** The last one that began after a long pause and ended in a throttle. */
  #fullStretch: { forMs: number; taken: number } | undefined;
  /** The first throttle told no end: how long the denial lasted is known only when the probe was answered. */
  #openEnded = false;

  constructor(private readonly meter = new SendMeter()) {}

  perSecond(nowMs: number): number {
    if (this.#known === undefined) return this.#cold;
    const from = RAMP_FROM * LOWER_AGAIN ** (this.#proved ? 0 : Math.min(3, this.#early));
    const ramp = from + ((1 - from) * Math.max(0, nowMs - this.#resumedAtMs)) / RAMP_MS;
    const rate = this.#known.level * Math.min(1, ramp) * Math.exp(this.#climb.log);
    return Math.min(HIGHEST_PER_SECOND, Math.max(LOWEST_PER_SECOND, rate));
  }

  sent(nowMs: number): void {
    const idleMs = nowMs - (this.#lastSentMs ?? nowMs);
    this.#lastSentMs = nowMs;
    const rate = this.perSecond(nowMs);
    const byUseMs = Math.min(1000 / rate, LONG_USE_MS);
    this.#usedMs += byUseMs;
    if (this.#known !== undefined) this.#climbOn(this.#known, rate, byUseMs, nowMs);
    else this.#cold = Math.min(HIGHEST_PER_SECOND, this.#cold * 2 ** (Math.min(idleMs, 2_000 / this.#cold) / 1000));
    if (idleMs > Math.max(5_000, 3_000 / rate) || this.#stretch.count === 0)
      this.#stretch = { startMs: nowMs, count: 0 };
    this.#stretch.count += 1;
    this.#takenSinceThrottle += 1;
  }

  /** The first throttle of an episode. */
  throttled(refusal: Refusal): void {
    const before = this.#known;
    // Hardly anything was sent: this is about somebody else's calls, and says nothing of ours.
    if (before === undefined && this.#stretch.count <= ENOUGH_CALLS) {
      this.#cold = COLD_PER_SECOND;
      this.#throttledAtMs = refusal.nowMs;
      return this.#rest();
    }
    this.#ifDenied = 0;
    this.#denied = false;
    this.#early = before === undefined || this.#usedMs >= RAMP_MS ? 0 : this.#early + 1;
    const next = before === undefined ? this.#afterCold(refusal) : this.#after(before, refusal);
    // One episode at most halves what was known: a throttle that has nothing to do with the rate must not end in a standstill.
    const floor = before === undefined ? LOWEST_PER_SECOND : before.level / 2;
    const level = Math.max(floor, next.level);
    this.#known = {
      ...next,
      level,
      perSecond: Math.max(next.perSecond, level),
      refused: Math.max(next.refused, 1.005 * level),
    };
    if (level < this.#steady / CHANGED) this.#changed(refusal.nowMs);
    this.#openEnded = before === undefined && refusal.endAtMs === undefined;
    this.#throttledAtMs = refusal.nowMs;
    this.#takenSinceThrottle = 0;
    this.#rest();
  }

  /** The probe was refused as well: no bucket is empty for so long. */
  refusedAgain(): void {
    this.#denied = true;
  }

  /** The probe was answered. */
  resumed(nowMs: number): void {
    if (this.#known !== undefined) {
      if (this.#denied) this.#known.level = Math.max(this.#known.level, this.#ifDenied);
      if (this.#openEnded) this.#known = this.#withEnd(this.#known, nowMs);
      const pausedMs = this.#throttledAtMs > 0 ? nowMs - this.#throttledAtMs : 0;
      this.#known.holdMs = holdOf(this.#known, pausedMs, this.#volatileUntilMs > nowMs);
    }
    this.#openEnded = false;
    this.#denied = false;
    this.#resumedAtMs = nowMs;
    this.#rest();
    this.#stretch = { startMs: nowMs, count: 1 };
    this.#lastSentMs = nowMs;
  }

  /** Known by other means: no search is needed, and a touch now and then tells whether it still holds. */
  settle(perSecond: number, share: number): void {
    const level = share * perSecond;
    const before = this.#known;
    const repeats = before === undefined ? 1 : Math.max(1, before.repeats);
    const refused = (2 - share) * perSecond;
    this.#known = { perSecond, level, borne: level, refused, holdMs: 0, burstMs: before?.burstMs ?? 0, repeats };
    this.#known.holdMs = holdOf(this.#known, 0, false);
  }

  /** Whether a limit that was found by other means fits to what was borne and refused. */
  allows(perSecond: number): boolean {
    if (this.#known === undefined) return true;
    return perSecond > 0.99 * this.#known.level && perSecond < 1.05 * this.#known.refused;
  }

  /** Starts from a rate that was in use when a throttle came that nothing had foreseen. */
  begin(perSecond: number, nowMs: number): void {
    this.#volatileUntilMs = nowMs + VOLATILE_MS;
    this.#known = { perSecond, level: perSecond, borne: 0, refused: perSecond, holdMs: 0, burstMs: 0, repeats: 0 };
  }

  forget(): void {
    this.#known = undefined;
    this.#cold = COLD_PER_SECOND;
  }

  get learned(): CeilingRecord | undefined {
    return this.#known;
  }

  get confidence(): number {
    return this.#known === undefined ? 0 : confidenceOf(this.#known);
  }

  restore(record: CeilingRecord | undefined, nowMs: number): void {
    this.#known = record === undefined ? undefined : completed(record);
    this.#resumedAtMs = nowMs;
    this.#rest();
  }

  #changed(nowMs: number): void {
    this.#volatileUntilMs = nowMs + VOLATILE_MS;
    this.#steady = 0;
    // What was taken for a burst may have been the change.
    if (this.#known !== undefined) this.#known.burstMs = 0;
  }

  #rest(): void {
    this.#usedMs = 0;
    this.#climb = { log: 0, perSecond: 0, usedMs: 0, calls: 0, burstMs: 0 };
    this.#stretch = { startMs: this.#throttledAtMs, count: 0 };
  }

  #climbOn(known: Known, rate: number, byUseMs: number, nowMs: number): void {
    if (this.#usedMs >= RAMP_MS + Math.min(known.holdMs, BORNE_AFTER_MS)) this.#bear(known, nowMs);
    if (this.#usedMs < RAMP_MS + known.holdMs) return;
    const missing = Math.log(known.refused / rate);
    const climb = this.#climb;
    const beyond = missing <= 0.002;
    if (beyond) climb.perSecond = Math.min(0.12, Math.max(0.01, climb.perSecond) * 2 ** (byUseMs / 3_000));
    else climb.perSecond = Math.min(0.08, Math.max(0.003, missing / 10));
    climb.log += (climb.perSecond * byUseMs) / 1000;
    climb.usedMs += byUseMs;
    climb.calls += 1;
    climb.burstMs += (rate / known.level - 1) * byUseMs;
  }

  /** The level has proved itself. */
  #bear(known: Known, nowMs: number): void {
    known.borne = Math.max(known.borne, known.level);
    this.#proved = true;
    if (known.refused / known.level > SETTLED) return;
    if (this.#steady > 0 && known.level > CHANGED * this.#steady) this.#changed(nowMs);
    this.#steady = known.level;
  }

  #afterCold({ sentAtMs, endAtMs, nowMs }: Refusal): Known {
    const inUse = this.#inUse(sentAtMs);
    // The call that was refused is in the count and was not taken.
    const taken = this.#stretch.count - 1;
    const usedMs = Math.max(1, nowMs - this.#stretch.startMs);
    const pausedMs = (endAtMs ?? nowMs) - nowMs;
    // A long pause may be the rest of a long window or a punishment: between the two means then.
    const mean = (1000 * taken) / (isCostly(pausedMs) ? Math.sqrt(usedMs * (usedMs + pausedMs)) : usedMs + pausedMs);
    this.#coldTaken = { taken, startMs: this.#stretch.startMs };
    return firstOf(Math.min(mean, inUse), inUse);
  }

  #coldTaken = { taken: 0, startMs: 0 };

  #withEnd(known: Known, nowMs: number): Known {
    const { taken, startMs } = this.#coldTaken;
    if (taken < ENOUGH_CALLS) return known;
    return firstOf(Math.min(known.perSecond, (1000 * taken) / Math.max(1, nowMs - startMs)), known.refused);
  }

  #after(known: Known, refusal: Refusal): Known {
    return this.#climb.calls > 0 ? this.#afterClimb(known, refusal) : this.#belowLevel(known, refusal);
  }

  #afterClimb(known: Known, { sentAtMs, endAtMs, nowMs }: Refusal): Known {
    const inUse = this.#inUse(sentAtMs);
    const refused = Math.max(1.005 * known.level, inUse);
    const { calls, usedMs, burstMs } = this.#climb;
    const risen = inUse > 1.02 * known.refused;
    if (risen && burstMs <= 1.5 * known.burstMs) {
      // No more than a burst: the ceiling is close above the level, and the search is over.
      return { ...known, refused: Math.min(known.refused, 1.08 * known.level), repeats: known.repeats + 1 };
    }
    if (refused / known.level < SETTLED) {
      // Half of a gap that matters is taken; a smaller one is not worth another throttle.
      const step = refused / known.level > 1.04 ? (refused / known.level) ** 0.4 : 1;
      return { ...known, level: known.level * step, refused, perSecond: refused, repeats: known.repeats + 1 };
    }
    this.#tentativeBurstMs = burstMs;
    // Far more than any burst so far went through: the limit has risen about to where we are.
    const mean = !risen
      ? this.meter.perSecond(sentAtMs, LONGEST_WINDOW_MS)
      : this.#volatileUntilMs > nowMs || (known.burstMs > 0 && burstMs > 3 * known.burstMs)
        ? 0.88 * inUse
        : (1000 * calls) / usedMs;
    const share = isCostly((endAtMs ?? nowMs) - nowMs) ? 0.9 : 0.97;
    const level = Math.min(refused, Math.max(known.level, share * mean));
    return { ...known, level, refused, perSecond: refused, repeats: 0 };
  }

  #belowLevel(known: Known, { sentAtMs, endAtMs, nowMs }: Refusal): Known {
    const { level, borne } = known;
    const costly = isCostly((endAtMs ?? nowMs) - nowMs);
    const at = { ...known, refused: level, perSecond: level, repeats: 0 };
    if (borne > 0 && level > 1.01 * borne) {
      // What let us climb to here was a burst.
      const burstMs = Math.max(known.burstMs, Math.min(this.#tentativeBurstMs, LONGEST_WINDOW_MS));
      this.#ifDenied = 0.95 * Math.min(level, this.meter.perSecond(sentAtMs, LONGEST_WINDOW_MS));
      this.#denied = !costly && endAtMs !== undefined && endAtMs - nowMs >= LONG_DENIAL_MS;
      return {
        ...at,
        burstMs,
        level: costly ? this.#afterBan(known, sentAtMs) : this.#betweenBorneAnd(known, sentAtMs),
      };
    }
    const inUse = Math.min(level, this.#inUse(sentAtMs));
    if (this.#usedMs >= LONG_USE_MS) {
      const mean = costly ? 0.96 * inUse : Math.min(0.98 * inUse, 0.985 * this.#meanSinceThrottle(sentAtMs));
      const next = Math.max(0.75 * inUse, mean);
      return { ...at, borne: 0, level: next, refused: Math.min(level, 1.08 * next) };
    }
    // Less than before and still too much: what is full is full of the burst from which we come.
    if (!this.#proved && inUse < 0.9 * this.meter.perSecond(sentAtMs, LONGEST_WINDOW_MS))
      return { ...known, borne: 0, level: 0.95 * level, refused: Math.min(known.refused, NEAR * level) };
    return { ...at, borne: 0, level: (this.#usedMs < RAMP_MS ? 0.75 : 0.85) * inUse };
  }

  /** From one throttle to the next a bucket takes its rate, and nothing else. */
  #betweenBorneAnd({ level, borne }: Known, sentAtMs: number): number {
    const between = level / borne > 1.06 ? Math.sqrt(level * borne) : borne;
    return Math.min(between, Math.max(borne, 0.985 * this.#meanSinceThrottle(sentAtMs)));
  }

  /** A bucket has filled up in so long a pause: two stretches that began full differ by what it takes in the time they differ by. */
  #afterBan({ level, borne }: Known, sentAtMs: number): number {
    const before = this.#fullStretch;
    const now = { forMs: sentAtMs - this.#resumedAtMs, taken: this.#stretch.count - 1 };
    this.#fullStretch = now;
    const longerMs = now.forMs - (before?.forMs ?? now.forMs);
    const rate = before === undefined || longerMs < 2_000 ? 0 : (1000 * (now.taken - before.taken)) / longerMs;
    if (rate > borne && rate < level) return 0.97 * rate;
    const recent = Math.min(level, this.meter.perSecond(sentAtMs, LONGEST_WINDOW_MS));
    return Math.max(level / borne > 1.06 ? Math.sqrt(level * borne) : borne, 0.93 * recent);
  }

  #meanSinceThrottle(sentAtMs: number): number {
    return (1000 * this.#takenSinceThrottle) / Math.max(1, sentAtMs - this.#throttledAtMs);
  }

  #inUse(sentAtMs: number): number {
    const rate = this.perSecond(sentAtMs);
    const forMs = Math.min(LONGEST_WINDOW_MS, Math.max(1_000, (1000 * ENOUGH_CALLS) / rate));
    return Math.max(0.05, Math.min(rate, this.meter.perSecond(sentAtMs, forMs)));
  }
}
