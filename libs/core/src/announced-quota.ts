import type { QuotaReading } from './announcement.js';

/** Contradictions that cost a quota its credence, and the time after which it is given another chance. */
const STRIKES = 3;
const DISTRUST_MS = 600_000;
/** A vendor's remaining that does not fall over so many answers is not a count. */
const STILL_MOST = 20;
/** Seen to fall so often, it is taken for a count. */
const FALLS_TO_CONFIRM = 3;
const UNCONFIRMED_STOP_MS = 5_000;
/** A window that nobody has seen begin anew is asked for again after this: the reset may be wrong. */
const UNSEEN_STOP_MS = 60_000;
/** The first readings do not slow us down below this: too few calls to tell whether they are true. */
const FIRST_READINGS = 10;
const FIRST_PER_SECOND = 1;
/** Sent this shortly before another, a call may have arrived after it. */
const CLOSE_MS = 35;
/** So many contradictions, and the reset that is told is not believed; what remains still is. */
const WRONG_RESETS = 3;
const LONGEST_LEARNED_MS = 3_600_000;

/** The answer that carried a reading. */
export interface Heard {
  readonly seq: number;
  readonly startedAtMs: number;
  /** When the calls left that are still in flight, by their send numbers. */
  readonly inFlight: ReadonlyMap<number, number>;
  readonly throttled: boolean;
}

/**
 * One quota as the upstream counts it: what remains until its reset, less what we have sent since. An answer that is older, by send
 * number, than the last one applied is ignored: answers overtake each other.
 *
 * Its window is learned from the moments at which the remaining jumps up: their distance is its length, whatever resolution the reset is told
 * in. Readings that contradict what happens (remaining never falls, a limit of nothing while calls are answered, a call taken although
 * nothing remained, a throttle although much did, a new window long before its reset) cost it its credence: then it binds nobody, and the limit
 * is learned as if nothing were told.
 */
export class AnnouncedQuota {
  #limit: number | undefined;
  #left = 0;
  #last: { seq: number; remaining: number; resetAtMs: number; heardAtMs: number; arrivedAtMs: number } | undefined;
  #resetAtMs = 0;
  #beganAtMs: number | undefined;
  #lengths: number[] = [];
  #perMs: number | undefined;
  #leastWayMs = Infinity;
  #strikes = 0;
  #struckAtMs = 0;
  #falls = 0;
  #still = 0;
  #readings = 0;
  #wrongResets = 0;

  constructor(private readonly longestMs: number) {}

  /** Answers whether a new window was seen to begin. */
  told(reading: QuotaReading, heard: Heard, nowMs: number): boolean {
    if (this.#last !== undefined && heard.seq < this.#last.seq) return false;
    this.#forgive(nowMs);
    if (reading.limit === 0 && !heard.throttled) this.#strike(STRIKES, nowMs);
    if (reading.limit !== undefined && reading.limit > 0) this.#limit = reading.limit;
    if (reading.perMs !== undefined) this.#perMs = reading.perMs;
    if (reading.remaining === undefined) return false;
    this.#readings += 1;
    this.#leastWayMs = Math.min(this.#leastWayMs * 1.001, (nowMs - heard.startedAtMs) * 0.4);
    const began = this.#compare(reading.remaining, reading.resetAtMs, heard, nowMs);
    if (heard.throttled && reading.remaining > Math.max(3, 0.05 * (this.#limit ?? 0))) this.#strike(2, nowMs);
    this.#apply(reading.remaining, reading.resetAtMs, heard, nowMs);
    return began;
  }

  sent(cost: number): void {
    this.#left -= cost;
  }

  get trusted(): boolean {
    return this.#strikes < STRIKES;
  }

  get limit(): number | undefined {
    return this.#limit;
  }

  /** The length of its window, as told or as seen. */
  get perMs(): number | undefined {
    return this.#perMs;
  }

  get left(): number {
    return Math.max(0, this.#left);
  }

  get resetAtMs(): number {
    return this.#resetAtMs;
  }

  known(nowMs: number): boolean {
    return this.trusted && this.#last !== undefined && this.#resetAtMs > nowMs && this.#wrongResets < WRONG_RESETS;
  }

  /** Calls sent from then on are counted in the next window. */
  endsAtMs(nowMs: number, configuredMs?: number): number {
    const perMs = configuredMs ?? this.#perMs;
    const told = this.#wrongResets < WRONG_RESETS && this.#resetAtMs > nowMs ? this.#resetAtMs : Infinity;
    if (this.#beganAtMs === undefined || perMs === undefined) return told === Infinity ? nowMs : told;
    // Near its end an answer of this window may come after the next began: that one would have shown more.
    const arrivedAtMs = this.#last?.arrivedAtMs ?? nowMs;
    const passed = Math.max(1, Math.floor((arrivedAtMs - this.#beganAtMs) / perMs + 0.75));
    const way = Number.isFinite(this.#leastWayMs) ? this.#leastWayMs : 0;
    return Math.min(told, Math.max(nowMs, this.#beganAtMs + passed * perMs - way));
  }

  /** Nothing remains for a call of that cost: until when. */
  exhaustedUntil(cost: number, nowMs: number): number | undefined {
    if (!this.known(nowMs) || this.left >= cost) return undefined;
    const heardAtMs = this.#last?.heardAtMs ?? nowMs;
    const believedMs =
      this.#falls < FALLS_TO_CONFIRM ? UNCONFIRMED_STOP_MS : this.#beganAtMs === undefined ? UNSEEN_STOP_MS : Infinity;
    const untilMs = Math.min(this.endsAtMs(nowMs), heardAtMs + believedMs);
    return untilMs > nowMs ? untilMs : undefined;
  }

  perSecond(nowMs: number): number {
    const perSecond = (1000 * this.left) / Math.max(1, this.endsAtMs(nowMs) - nowMs);
    return this.#readings < FIRST_READINGS ? Math.max(FIRST_PER_SECOND, perSecond) : perSecond;
  }

  /** Answers whether a new window began between the last answer and this one. */
  #compare(remaining: number, resetAtMs: number | undefined, heard: Heard, nowMs: number): boolean {
    const last = this.#last;
    if (last === undefined) return false;
    if (remaining < last.remaining) {
      this.#falls += 1;
      this.#still = 0;
      return false;
    }
    if (!heard.throttled) this.#doubt(remaining, last, heard, nowMs);
    const arrivedAtMs = (heard.startedAtMs + nowMs) / 2;
    // A call was counted and nothing is missing: a window began anew, far too early for the reset that was told.
    const early = resetAtMs !== undefined && last.resetAtMs - arrivedAtMs > 2_500;
    if (early && !heard.throttled && heard.startedAtMs >= last.heardAtMs) this.#wrongResets += 1;
    if (!this.#isFull(remaining, remaining - last.remaining)) return false;
    if (!early) this.#wrongResets = 0;
    this.#began(arrivedAtMs);
    return true;
  }

  /** A call was taken and remaining did not fall. */
  #doubt(remaining: number, last: { remaining: number; heardAtMs: number }, heard: Heard, nowMs: number): void {
    this.#still += 1;
    if (this.#still >= STILL_MOST) this.#strike(STRIKES, nowMs);
    if (remaining > 0 || last.remaining > 0) return;
    this.#strike(heard.startedAtMs > last.heardAtMs && nowMs < this.#resetAtMs ? 2 : 1, nowMs);
  }

  /** Rose by more than answers that overtook each other explain, to nearly all: so a window begins, and no bucket fills. */
  #isFull(remaining: number, rose: number): boolean {
    const limit = this.#limit ?? remaining;
    return rose >= Math.max(3, 0.05 * limit) && remaining >= Math.min(0.85 * limit, limit - 5);
  }

  #apply(remaining: number, resetAtMs: number | undefined, heard: Heard, nowMs: number): void {
    // Those on their way that left after this one, or so shortly before that it may have overtaken them, are not in the count.
    let uncounted = 0;
    for (const leftAtMs of heard.inFlight.values()) if (leftAtMs > heard.startedAtMs - CLOSE_MS) uncounted += 1;
    this.#left = remaining - uncounted;
    // A reset beyond the longest pause is not believed further than that: one call then asks again.
    this.#resetAtMs = Math.min(resetAtMs ?? 0, nowMs + this.longestMs);
    const arrivedAtMs = (heard.startedAtMs + nowMs) / 2;
    this.#last = { seq: heard.seq, remaining, resetAtMs: resetAtMs ?? 0, heardAtMs: nowMs, arrivedAtMs };
  }

  #began(atMs: number): void {
    const lengthMs = this.#beganAtMs === undefined ? undefined : atMs - this.#beganAtMs;
    this.#beganAtMs = atMs;
    if (lengthMs === undefined || lengthMs > LONGEST_LEARNED_MS) return;
    const [before] = this.#lengths;
    this.#lengths = [lengthMs];
    // Twice alike is a length; what spans several windows, because nothing was sent in between, is not.
    if (before !== undefined && Math.abs(before - lengthMs) <= Math.max(60, 0.06 * lengthMs)) {
      this.#perMs = rounded((before + lengthMs) / 2);
    }
  }

  #strike(count: number, nowMs: number): void {
    this.#strikes += count;
    this.#struckAtMs = nowMs;
  }

  #forgive(nowMs: number): void {
    if (this.#strikes === 0 || nowMs - this.#struckAtMs < DISTRUST_MS) return;
    // Once more on probation: the next contradiction is the last.
    this.#strikes = this.trusted ? 0 : STRIKES - 1;
    this.#struckAtMs = nowMs;
    this.#still = 0;
    this.#falls = 0;
    this.#readings = 0;
  }
}

/** Windows are whole seconds where they are nearly so, else tenths. */
function rounded(ms: number): number {
  const seconds = Math.round(ms / 1000) * 1000;
  if (seconds > 0 && Math.abs(seconds - ms) <= 0.08 * ms) return seconds;
  return Math.max(100, Math.round(ms / 100) * 100);
}
