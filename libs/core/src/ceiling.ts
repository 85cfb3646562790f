import {
  borneAt,
  BORNE_AFTER_MS,
  CHANGED,
  completed,
  DOUBTS,
  holdOf,
  holdOfHigh,
  isCostly,
  LONGEST_WINDOW_MS,
  SETTLED,
  settledAt,
  VOLATILE_MS,
  type CeilingRecord,
  type Known,
} from './ceiling-known.js';
import { climbedShare, FULL_RAMP, KNOWN_RAMP, RAMP_MS, type LevelRamp } from './ramp.js';
import { ColdStart, ENOUGH_CALLS } from './ceiling-cold.js';
import {
  afterClimb,
  backToBorne,
  belowLevel,
  climbOf,
  isAboveBorne,
  isCheap,
  FullStretches,
  LONG_USE_MS,
  risenTo,
  type Refusal,
  type Seen,
} from './ceiling-refused.js';
import { RefusalCurves } from './refusal-curves.js';
import { SendMeter } from './send-meter.js';
import { Swings } from './swings.js';

const HIGHEST_PER_SECOND = 1e6;
const LOWEST_PER_SECOND = 0.001;
/** From the lower level of a limit that swings to the higher one. */
const STEP_MS = 1_000;
/** How high it has risen is not known: climbed from by so much a second. */
const OPEN_CLIMB = 0.07;
const DOUBTFUL_HOLD_MS = 4_000;
/** What no window of the longest kind would have let through. */
const RISEN = 1.08;
/** A bucket has a token again sooner than this. */
const LONG_DENIAL_MS = 2_000;

/**
 * The rate of an upstream that tells no limit: a search between the rate that was borne and the rate that was refused.
 *
 * COLD. No throttle yet: see ColdStart. Left by the first throttle.
 * HOLDING. After a pause a ramp (LevelRamp), then at the level for H: short (5 s, 20 s) while borne and refused lie far apart; within a tenth
 *   60 s, doubling to 15 min while the ceiling is found where it was thought, and never so short that touching it would cost more than
 *   1 throttle in 12,000 calls or 1/15 of the time in pauses; 4 s where the throttles so far fit neither a bucket nor a usual window and one
 *   more costs next to nothing. A throttle here: back toward what was borne, or to the mean since the last one, or to a part of what was in use.
 * CLIMBING. Toward the refused rate ever slower, beyond it ever faster. A throttle narrows the search, or, close to the level or where
 *   RefusalCurves know a bucket's rate, ends it. Far beyond what was refused, the limit has risen: SWINGING.
 * SWINGING. It was seen to fall or to rise by more than a quarter, within the last 10 min, and Swings know the two levels: from the lower one a
 *   step to the higher one, when they say so; a throttle there goes back without a search. While it is not known how high the limit rose,
 *   the higher level is climbed from.
 */
export class Ceiling {
  readonly #cold = new ColdStart();
  #known: Known | undefined;
  #resumedAtMs = 0;
  #throttledAtMs = 0;
  #lastSentMs: number | undefined;
  /** The time that the calls since the pause account for at the rate they were let go at: what is held counts by use. */
  #usedMs = 0;
  #takenSinceThrottle = 0;
  #climb = { log: 0, perSecond: 0, calls: 0 };
  /** The level to go on at if the denial turns out to be that of a window, and whether it did. */
  #ifDenied = 0;
  #denied = false;
  /** Throttles in a row that came within the ramp. */
  #early = 0;
  /** The limit was seen to change: until then it is expected to do so again. */
  #volatileUntilMs = 0;
  /** Some level was borne since the cold start. */
  #proved = false;
  /** The last level that was settled and borne. */
  #steady: Known | undefined;
  #stretch = { startMs: 0, count: 0 };
  readonly #fullStretches = new FullStretches();
  readonly #curves = new RefusalCurves();
  readonly #swings = new Swings();
  /** The last throttle told an end that is near. */
  #cheap = false;
  #ramp: LevelRamp = FULL_RAMP;

  constructor(private readonly meter = new SendMeter()) {}

  perSecond(nowMs: number): number {
    if (this.#known === undefined) return this.#cold.perSecond;
    const share = climbedShare(this.#ramp, nowMs - this.#resumedAtMs, this.#proved ? 0 : this.#early);
    const rate = this.#known.level * share * Math.exp(this.#climb.log);
    return Math.min(HIGHEST_PER_SECOND, Math.max(LOWEST_PER_SECOND, rate));
  }

  sent(nowMs: number): void {
    const idleMs = nowMs - (this.#lastSentMs ?? nowMs);
    this.#lastSentMs = nowMs;
    const rate = this.perSecond(nowMs);
    const byUseMs = Math.min(1000 / rate, LONG_USE_MS);
    this.#usedMs += byUseMs;
    if (this.#known !== undefined) this.#climbOn(this.#known, rate, byUseMs, nowMs);
    else this.#cold.sent(idleMs);
    if (idleMs > Math.max(5_000, 3_000 / rate) || this.#stretch.count === 0)
      this.#stretch = { startMs: nowMs, count: 0 };
    this.#stretch.count += 1;
    this.#takenSinceThrottle += 1;
  }

  /** The first throttle of an episode. */
  throttled(refusal: Refusal): void {
    const before = this.#known;
    this.#ramp = FULL_RAMP;
    if (this.#volatileUntilMs <= refusal.nowMs) this.#swings.forget();
    if (this.#climbedHigh(before, refusal) || this.fallsBack(refusal.nowMs)) return;
    // Hardly anything was sent: this is about somebody else's calls, and says nothing of ours.
    if (before === undefined && this.#stretch.count <= ENOUGH_CALLS) {
      this.#cold.restart();
      this.#throttledAtMs = refusal.nowMs;
      return this.#rest();
    }
    this.#search(before, refusal);
    this.#cheap = isCheap(refusal);
    this.#throttledAtMs = refusal.nowMs;
    this.#takenSinceThrottle = 0;
    this.#rest();
  }

  #search(before: Known | undefined, refusal: Refusal): void {
    this.#ifDenied = 0;
    this.#denied = false;
    this.#curves.add(this.meter, refusal.sentAtMs, this.#throttledAtMs);
    this.#early = before === undefined || this.#usedMs >= RAMP_MS ? 0 : this.#early + 1;
    const next =
      before === undefined
        ? this.#cold.firstLevel(this.#stretch, this.#inUse(refusal.sentAtMs), refusal)
        : this.#after(before, refusal);
    // One episode at most halves what was known: a throttle that has nothing to do with the rate must not end in a standstill.
    const floor = before === undefined ? LOWEST_PER_SECOND : before.level / 2;
    const level = Math.max(floor, next.level);
    this.#known = {
      ...next,
      level,
      perSecond: Math.max(next.perSecond, level),
      refused: Math.max(next.refused, 1.005 * level),
    };
    this.#lookForFall(before, level, refusal.nowMs);
  }

  /** In a climb from the higher level of a limit that swings: so high it has risen. */
  #climbedHigh(before: Known | undefined, { sentAtMs, nowMs }: Refusal): boolean {
    if (before === undefined || !this.#swings.isHigh || this.#climb.calls === 0) return false;
    const high = risenTo(this.#inUse(sentAtMs), before);
    this.#swings.climbed(high);
    this.#goOnAt({ ...high, holdMs: holdOfHigh(high, this.#swings.isOpen) }, nowMs);
    return true;
  }

  /** Far below what was borne, or, twice in a row, below what was thought. */
  #lookForFall(before: Known | undefined, level: number, nowMs: number): void {
    const high = this.#steady ?? (this.#early > 0 && this.#proved ? before : undefined);
    if (high === undefined || level >= high.level / CHANGED) return;
    this.#swings.fell(high, this.#steady === undefined, nowMs);
    this.#changed(nowMs);
  }

  /** At the higher level of a limit that swings: goes on at the lower one. Answers whether it did. */
  fallsBack(nowMs: number): boolean {
    const low = this.#volatileUntilMs > nowMs ? this.#swings.fallen(nowMs) : undefined;
    if (low !== undefined) this.#goOnAt(low, nowMs);
    return low !== undefined;
  }

  /** At a level that is known already. */
  #goOnAt(level: Known, nowMs: number): void {
    this.#known = level;
    this.#volatileUntilMs = nowMs + VOLATILE_MS;
    this.#ifDenied = 0;
    this.#denied = false;
    this.#throttledAtMs = nowMs;
    this.#takenSinceThrottle = 0;
    this.#ramp = KNOWN_RAMP;
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
      this.#known = this.#cold.resumed(this.#known, nowMs);
      const pausedMs = this.#throttledAtMs > 0 ? nowMs - this.#throttledAtMs : 0;
      this.#known.holdMs = this.#holdMs(this.#known, pausedMs, nowMs);
    }
    this.#denied = false;
    this.#resumedAtMs = nowMs;
    this.#rest();
    this.#stretch = { startMs: nowMs, count: 1 };
    this.#lastSentMs = nowMs;
  }

  #holdMs(known: Known, pausedMs: number, nowMs: number): number {
    if (this.#swings.isHigh) return holdOfHigh(known, this.#swings.isOpen);
    const holdMs = holdOf(known, pausedMs, this.#volatileUntilMs > nowMs);
    return this.#isDoubtful ? Math.min(holdMs, DOUBTFUL_HOLD_MS) : holdMs;
  }

  /** Known by other means: no search is needed, and a touch now and then tells whether it still holds. */
  settle(perSecond: number, share: number): void {
    this.#known = settledAt(perSecond, share, this.#known?.repeats ?? 1);
  }

  /** Whether a limit that was found by other means fits to what was borne and refused. */
  allows(perSecond: number): boolean {
    if (this.#known === undefined) return true;
    return perSecond > 0.99 * this.#known.level && perSecond < 1.05 * this.#known.refused;
  }

  /** Starts from a rate that was in use when a throttle came that nothing had foreseen. */
  begin(perSecond: number, known: number, nowMs: number): void {
    this.#volatileUntilMs = nowMs + VOLATILE_MS;
    this.#proved = true;
    // What was in use was no ramp of ours.
    this.#resumedAtMs = nowMs - RAMP_MS;
    this.#swings.fell(borneAt(known), false, nowMs);
    this.#known = { ...borneAt(perSecond), borne: 0 };
  }

  forget(): void {
    this.#known = undefined;
    this.#cold.restart();
  }

  get learned(): CeilingRecord | undefined {
    return this.#known;
  }

  restore(record: CeilingRecord | undefined, nowMs: number): void {
    this.#known = record === undefined ? undefined : completed(record);
    this.#resumedAtMs = nowMs;
    this.#rest();
  }

  #changed(nowMs: number): void {
    this.#volatileUntilMs = nowMs + VOLATILE_MS;
    this.#steady = undefined;
    this.#curves.forget();
  }

  #rest(): void {
    this.#usedMs = 0;
    this.#climb = { log: 0, perSecond: 0, calls: 0 };
    this.#stretch = { startMs: this.#throttledAtMs, count: 0 };
  }

  #climbOn(known: Known, rate: number, byUseMs: number, nowMs: number): void {
    if (this.#usedMs >= RAMP_MS + Math.min(known.holdMs, BORNE_AFTER_MS)) this.#bear(known, nowMs);
    if (this.#steps(known, nowMs)) return;
    const { isHigh, isOpen } = this.#swings;
    if (this.#usedMs < (isHigh ? 0 : RAMP_MS) + known.holdMs) return;
    const climb = this.#climb;
    climb.perSecond = isHigh && isOpen ? OPEN_CLIMB : climbOf(known, rate, { before: climb.perSecond, byUseMs });
    if (this.#isDoubtful && rate < known.refused) climb.perSecond *= 2;
    if (!isHigh) this.#lookForRise(known, rate, nowMs);
    climb.log += (climb.perSecond * byUseMs) / 1000;
    climb.calls += 1;
  }

  /** Low and settled, and due: the higher level is tried. */
  #steps(known: Known, nowMs: number): boolean {
    if (this.#volatileUntilMs <= nowMs || known.refused / known.level > SETTLED || !this.#swings.isTryDue(nowMs))
      return false;
    const high = this.#swings.step(known, nowMs);
    if (high === undefined) return false;
    this.#ramp = { from: Math.min(1, known.level / high.level), ms: STEP_MS };
    this.#known = { ...high, holdMs: holdOfHigh(high, this.#swings.isOpen) };
    this.#rest();
    this.#resumedAtMs = nowMs;
    return true;
  }

  /** So far beyond what was refused, and for longer than a window: it must have risen. A bucket lets as much through now and then. */
  #lookForRise(known: Known, rate: number, nowMs: number): void {
    if (known.borne === 0 || rate <= CHANGED * known.refused || this.#curves.isBucket) return;
    if (this.meter.perSecond(nowMs, LONGEST_WINDOW_MS) <= RISEN * known.refused) return;
    this.#swings.rose({ ...known, level: Math.max(known.level, 0.95 * known.refused) });
    this.#changed(nowMs);
  }

  get #isDoubtful(): boolean {
    return this.#cheap && this.#curves.unexplained && (this.#known?.repeats ?? 0) < DOUBTS;
  }

  /** The level has proved itself. */
  #bear(known: Known, nowMs: number): void {
    known.borne = Math.max(known.borne, known.level);
    this.#proved = true;
    if (known.refused / known.level > SETTLED) return;
    if (!this.#swings.isHigh && this.#steady !== undefined && known.level > CHANGED * this.#steady.level) {
      this.#swings.rose(this.#steady);
      this.#changed(nowMs);
    }
    this.#steady = { ...known };
  }

  #after(known: Known, refusal: Refusal): Known {
    const seen = this.#seen(refusal);
    if (this.#climb.calls > 0) return afterClimb(known, seen);
    if (!isAboveBorne(known)) return belowLevel(known, seen);
    const { endAtMs, nowMs, sentAtMs } = refusal;
    this.#ifDenied = 0.95 * Math.min(known.level, seen.recent);
    this.#denied = !seen.costly && endAtMs !== undefined && endAtMs - nowMs >= LONG_DENIAL_MS;
    return backToBorne(
      known,
      seen,
      seen.costly
        ? this.#fullStretches.rateAfter({ forMs: sentAtMs - this.#resumedAtMs, taken: this.#stretch.count - 1 })
        : undefined,
    );
  }

  #seen({ sentAtMs, endAtMs, nowMs }: Refusal): Seen {
    const inUse = this.#inUse(sentAtMs);
    const mean = (1000 * this.#takenSinceThrottle) / Math.max(1, sentAtMs - this.#throttledAtMs);
    return {
      inUse,
      mean,
      recent: this.meter.perSecond(sentAtMs, LONGEST_WINDOW_MS),
      usedMs: this.#usedMs,
      proved: this.#proved,
      changing: this.#volatileUntilMs > nowMs,
      costly: isCostly((endAtMs ?? nowMs) - nowMs),
      bucket: this.#curves.between(mean, inUse),
    };
  }

  #inUse(sentAtMs: number): number {
    const rate = this.perSecond(sentAtMs);
    const forMs = Math.min(LONGEST_WINDOW_MS, Math.max(1_000, (1000 * ENOUGH_CALLS) / rate));
    return Math.max(0.05, Math.min(rate, this.meter.perSecond(sentAtMs, forMs)));
  }
}
