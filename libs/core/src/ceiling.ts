import { RAMP_MS } from './ramp.js';
import { SendMeter } from './send-meter.js';

const COLD_PER_SECOND = 1;
const HIGHEST_PER_SECOND = 1e6;
const LOWEST_PER_SECOND = 0.001;
/** Fewer calls than this between two throttles say nothing about a rate. */
const ENOUGH_CALLS = 5;
/** The ramp of what is known, in parts of the level that it ends in. */
const RAMP_FROM = 0.78;

/** Once what is borne and what is refused are this close, the ceiling is where we thought. */
const SETTLED = 1.1;
const WIDE = 1.25;
const LEAST_HOLD_MS = { wide: 5_000, narrow: 20_000, settled: 60_000 } as const;
const LONGEST_HOLD_MS = 900_000;
/** In use for so long without a throttle, a level is borne, however long it is still held. */
const BORNE_AFTER_MS = 60_000;
/** A limit that was seen to change may change back: for so long it is touched after each so long a hold. */
const VOLATILE_MS = 600_000;
const CHANGING_HOLD_MS = 15_000;
const CHANGED = 1.25;
/** Of a settled ceiling at most one touch in so many calls. */
const CALLS_A_TOUCH = 6_000;
/** A pause of d costs d's worth of calls, a climb within SETTLED gains a few percent: it pays after many times d. */
const PAUSES_A_TOUCH = { wide: 2, narrow: 4, settled: 15 } as const;
/** Long enough in use that the mean since the last throttle is the limit's, and not the burst's. */
const LONG_USE_MS = 20_000;
/** The windows that are not known are taken to be no longer than this. */
const LONGEST_WINDOW_MS = 10_000;

/** Plain JSON; what older holders wrote has the first two only. */
export interface CeilingRecord {
  readonly perSecond: number;
  readonly holdMs: number;
  readonly level?: number;
  readonly borne?: number;
  readonly refused?: number;
  readonly burstMs?: number;
  readonly repeats?: number;
}

type Known = { -readonly [Key in keyof CeilingRecord]-?: NonNullable<CeilingRecord[Key]> };

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
  /** The limit was seen to change: until then it is touched more often. */
  #volatileUntilMs = 0;
  /** Some level was borne since the cold start. */
  #proved = false;
  /** The last level that was settled and borne. */
  #steady = 0;
  #stretch = { startMs: 0, count: 0 };
  /** The first throttle told no end: how long the denial lasted is known only when the probe was answered. */
  #openEnded = false;

  constructor(private readonly meter = new SendMeter()) {}

  perSecond(nowMs: number): number {
    if (this.#known === undefined) return this.#cold;
    const ramp = RAMP_FROM + ((1 - RAMP_FROM) * Math.max(0, nowMs - this.#resumedAtMs)) / RAMP_MS;
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

  /** The probe was answered. */
  resumed(nowMs: number): void {
    if (this.#known !== undefined) {
      if (this.#openEnded) this.#known = this.#withEnd(this.#known, nowMs);
      const pausedMs = this.#throttledAtMs > 0 ? nowMs - this.#throttledAtMs : 0;
      this.#known.holdMs = holdOf(this.#known, pausedMs, this.#volatileUntilMs > nowMs);
    }
    this.#openEnded = false;
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
  begin(perSecond: number): void {
    this.#known = { perSecond, level: perSecond, borne: 0, refused: perSecond, holdMs: 0, burstMs: 0, repeats: 0 };
  }

  forget(): void {
    this.#known = undefined;
    this.#cold = COLD_PER_SECOND;
  }

  get learned(): CeilingRecord | undefined {
    return this.#known;
  }

  /** How sure: from the distance between borne and refused, and from how often the ceiling was found where it was thought. */
  get confidence(): number {
    if (this.#known === undefined) return 0;
    const { refused, level, repeats } = this.#known;
    return Math.min(0.95, Math.max(0.1, 0.7 - 2 * (refused / level - SETTLED)) + 0.08 * repeats);
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
    if (taken < ENOUGH_CALLS) return firstOf(inUse, inUse);
    const mean = (1000 * taken) / Math.max(1, (endAtMs ?? nowMs) - this.#stretch.startMs);
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

  #afterClimb(known: Known, { sentAtMs, nowMs }: Refusal): Known {
    const inUse = this.#inUse(sentAtMs);
    const refused = Math.max(1.005 * known.level, inUse);
    const { calls, usedMs, burstMs } = this.#climb;
    const risen = inUse > 1.02 * known.refused;
    if (risen && burstMs <= 1.5 * known.burstMs) return { ...known, repeats: known.repeats + 1 };
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
    const level = Math.min(refused, Math.max(known.level, 0.97 * mean));
    return { ...known, level, refused, perSecond: refused, repeats: 0 };
  }

  #belowLevel(known: Known, { sentAtMs }: Refusal): Known {
    const { level, borne } = known;
    const at = { ...known, refused: level, perSecond: level, repeats: 0 };
    const mean = (1000 * this.#takenSinceThrottle) / Math.max(1, sentAtMs - this.#throttledAtMs);
    if (borne > 0 && level > 1.01 * borne) {
      // What let us climb to here was a burst. From one throttle to the next a bucket takes its rate, and nothing else.
      const burstMs = Math.max(known.burstMs, Math.min(this.#tentativeBurstMs, LONGEST_WINDOW_MS));
      const between = level / borne > 1.06 ? Math.sqrt(level * borne) : borne;
      return { ...at, burstMs, level: Math.min(between, Math.max(borne, 0.985 * mean)) };
    }
    const inUse = Math.min(level, this.#inUse(sentAtMs));
    if (this.#usedMs >= LONG_USE_MS)
      return { ...at, borne: 0, level: Math.max(0.75 * inUse, Math.min(0.98 * inUse, mean)) };
    // Less than before and still too much: what is full is full of the burst from which we come.
    if (!this.#proved && inUse < 0.9 * this.meter.perSecond(sentAtMs, LONGEST_WINDOW_MS))
      return { ...at, borne: 0, level: 0.95 * level };
    return { ...at, borne: 0, level: (this.#usedMs < RAMP_MS ? 0.75 : 0.85) * inUse };
  }

  #inUse(sentAtMs: number): number {
    const rate = this.perSecond(sentAtMs);
    const forMs = Math.min(LONGEST_WINDOW_MS, Math.max(1_000, (1000 * ENOUGH_CALLS) / rate));
    return Math.max(0.05, Math.min(rate, this.meter.perSecond(sentAtMs, forMs)));
  }
}

function firstOf(perSecond: number, refused: number): Known {
  return { perSecond, level: 0.95 * perSecond, borne: 0, refused, holdMs: 0, burstMs: 0, repeats: 0 };
}

function completed(record: CeilingRecord): Known {
  const { perSecond, holdMs } = record;
  return { level: 0.9 * perSecond, borne: 0, refused: perSecond, burstMs: 0, repeats: 0, ...record, perSecond, holdMs };
}

function holdOf({ level, refused, repeats }: Known, pausedMs: number, changes: boolean): number {
  const width = refused / level;
  const kind = width > WIDE ? 'wide' : width > SETTLED ? 'narrow' : 'settled';
  const least = Math.max(LEAST_HOLD_MS[kind], PAUSES_A_TOUCH[kind] * pausedMs);
  if (kind !== 'settled') return Math.min(LONGEST_HOLD_MS, least);
  if (changes) return Math.min(LONGEST_HOLD_MS, Math.max(CHANGING_HOLD_MS, PAUSES_A_TOUCH.settled * pausedMs));
  const doubled = LEAST_HOLD_MS.settled * 2 ** Math.min(repeats, 6);
  return Math.min(LONGEST_HOLD_MS, Math.max(least, doubled / 2, (1000 * CALLS_A_TOUCH) / level));
}
