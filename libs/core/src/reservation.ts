export interface ReservationConfig {
  readonly concurrency: number;
  /** Connect, response and body at their longest: so long may a call that nobody heard of hold its slot. */
  readonly longestCallMs: number;
  /** Called when a call was kept waiting that a further block would let go. */
  readonly onWanted?: (() => void) | undefined;
}

/** What is asked for, and once it is acknowledged may be used. */
export interface Block {
  readonly askedAtMs: number;
  /** Calls may leave up to this number, counted from the start of the holding. */
  readonly upTo: number;
  /** So many may be in flight at once. */
  readonly slots: number;
}

/** Plain JSON, written together with the record of the limits of the same moment. Times are those of the writer's clock. */
export interface ReservationRecord {
  readonly savedAtMs: number;
  /** Calls that were seen to leave: the record of the limits knows of each and when. */
  readonly left: number;
  readonly upTo: number;
  readonly slots: number;
  /** Slots of the calls of earlier holders. */
  readonly owed: readonly (readonly [untilMs: number, slots: number])[];
}

/** What the last holder may have sent without having told: at most so many calls, at the latest then. */
export interface Unreported {
  readonly calls: number;
  readonly atMs: number;
}

/** One call of those that were let go, and what it costs. */
export interface Place {
  readonly cost: number;
  left: boolean;
  freed: boolean;
}

/** `untilMs` undefined: a block that is acknowledged or a call that ends will change it, and no time. */
export type Reserved = { readonly kind: 'go' } | { readonly kind: 'wait'; readonly untilMs: number | undefined };

/** From just before it was asked for. The next holder counts as long from when the server stored it, which was later. */
export const BLOCK_MS = 1_000;
/** While calls flow: a quarter of a block, so that three quarters are left for a slow answer. */
const RENEW_EVERY_MS = 250;
/** A burst is over when nothing has left for so long. */
const QUIET_AFTER_MS = 100;
const LEAST_AHEAD = 8;
const MOST_AHEAD = 20_000;
const LEAST_SLOTS = 4;

const GO: Reserved = { kind: 'go' };
const NOT_BY_TIME: Reserved = { kind: 'wait', untilMs: undefined };

/**
 * What may be sent without telling anybody. Calls leave only within a block that was written where the next holder will look: up to a
 * number, with at most so many in flight, until its time is over. So whoever takes over after a death knows the worst that may have
 * happened since the last record: all of the block was sent, at its very end, and every slot of it is taken as long as a call can last.
 *
 * IDLE. No block, or one whose time is over. A call that comes waits for one answer of the store.
 * COVERED. Calls flow. A further block is asked for every 250 ms, with half as much again as was sent lately, so that a steady flow never
 *   waits. A call that finds the block too small asks at once, for more each time. After a burst the slots are given back: as many as stand in
 *   the record, the next holder has to do without.
 * LAPSED. The store did not answer for as long as a block holds: nothing leaves until it does.
 *
 * A block may be smaller than the one before. It binds from when it is asked for, since the answer may be lost and the next holder
 * believes what is written. A larger one binds from its answer.
 */
export class Reservation {
  #upTo = 0;
  #slots = 0;
  #validUntilMs = -Infinity;
  #asked: Block | undefined;
  #isAsking = false;
  #lastGoMs = -Infinity;
  #costliest = 1;
  #started = 0;
  #left = 0;
  #inFlight = 0;
  #owed: [untilMs: number, slots: number][] = [];
  #startedWhenAsked = 0;
  #ahead = LEAST_AHEAD;
  #peak = 0;
  #wants: 'nothing' | 'time' | 'calls' | 'slots' = 'nothing';

  constructor(private readonly config: ReservationConfig) {}

  /** Whether one more call may leave. Asked in the same tick as it is taken, and `covers` again in that of the write. */
  allows(nowMs: number): Reserved {
    const free = this.#free(nowMs) - this.#inFlight;
    if (free < 1) return this.#owed.length > 0 ? { kind: 'wait', untilMs: this.#nextFreed() } : NOT_BY_TIME;
    if (!this.covers(nowMs)) return this.#refuse('time');
    if (this.#started + this.#costliest > this.#upTo) return this.#refuse('calls');
    if (this.#inFlight >= this.#slots) return this.#refuse('slots');
    this.#lastGoMs = nowMs;
    return GO;
  }

  covers(nowMs: number): boolean {
    return nowMs < this.#validUntilMs;
  }

  /** `charged`: in tokens of the scope that charges the most. What a call can cost is known from those before it. */
  take(charged = 1): Place {
    const cost = Math.max(1, Math.ceil(charged));
    this.#costliest = Math.max(this.#costliest, cost);
    this.#started += cost;
    this.#inFlight += 1;
    this.#peak = Math.max(this.#peak, this.#inFlight);
    return { cost, left: false, freed: false };
  }

  /** Its bytes leave now. Until it is told it may leave at any later moment, and counts as not reported. */
  left(place: Place): void {
    if (place.left) return;
    place.left = true;
    this.#left += place.cost;
  }

  free(place: Place): void {
    if (place.freed) return;
    this.left(place);
    place.freed = true;
    this.#inFlight -= 1;
  }

  /** A call will soon come: the next write is to bring a block. */
  expect(): void {
    this.#wants = 'time';
  }

  /** The block to be asked for now; undefined: what is there suffices, or an answer is awaited. */
  need(nowMs: number): Block | undefined {
    if (this.#isAsking || !this.#isDue(nowMs)) return undefined;
    return { askedAtMs: nowMs, upTo: this.#started + this.#nextAhead(nowMs), slots: this.#nextSlots(nowMs) };
  }

  /** It is about to be written. */
  asked(block: Block): void {
    this.#isAsking = true;
    this.#asked = block;
    this.#upTo = Math.min(this.#upTo, block.upTo);
    this.#slots = Math.min(this.#slots, block.slots);
    this.#ahead = block.upTo - this.#started;
    this.#startedWhenAsked = this.#started;
    this.#peak = this.#inFlight;
    this.#wants = 'nothing';
  }

  granted(block: Block): void {
    this.#isAsking = false;
    this.#upTo = block.upTo;
    this.#slots = block.slots;
    this.#validUntilMs = block.askedAtMs + BLOCK_MS;
  }

  /** It may be written or not: nothing more may leave for it, and the next is asked for as if it had been. */
  unanswered(): void {
    this.#isAsking = false;
    this.#wants = 'time';
  }

  /** @param block what this record asks for; none: nothing more will leave. */
  record(block: Block | undefined, nowMs: number): ReservationRecord {
    const { upTo, slots } = block ?? { upTo: this.#started, slots: this.#inFlight };
    return { savedAtMs: nowMs, left: this.#left, upTo, slots, owed: this.#owedAt(nowMs) };
  }

  /** The newest that was asked for, while its time may not be over: a record that is written meanwhile must not promise less. */
  current(nowMs: number): Block | undefined {
    const asked = this.#asked;
    return asked !== undefined && nowMs < asked.askedAtMs + BLOCK_MS ? asked : undefined;
  }

  /**
   * Goes on after another holder, whose record was stored `elapsedMs` ago by the server's clock; `takenAtMs`: when the lease was ours,
   * after which the other sent nothing. Without a record all slots may be taken.
   */
  restore(
    record: ReservationRecord | undefined,
    at: { elapsedMs: number; takenAtMs: number },
    nowMs: number,
  ): Unreported | undefined {
    if (record === undefined) {
      this.#owed = [[at.takenAtMs + this.config.longestCallMs, this.config.concurrency]];
      return undefined;
    }
    const storedAtMs = nowMs - at.elapsedMs;
    const shiftMs = storedAtMs - record.savedAtMs;
    const calls = Math.max(0, record.upTo - record.left);
    const lastAtMs = Math.min(storedAtMs + BLOCK_MS, Math.max(at.takenAtMs, storedAtMs));
    this.#owed = record.owed.map(([untilMs, slots]) => [untilMs + shiftMs, slots]);
    if (record.slots > 0) this.#owed.push([lastAtMs + this.config.longestCallMs, record.slots]);
    this.#owed = this.#owedAt(nowMs);
    return { calls, atMs: Math.min(lastAtMs, nowMs) };
  }

  #refuse(wants: 'time' | 'calls' | 'slots'): Reserved {
    this.#wants = wants;
    if (!this.#isAsking) this.config.onWanted?.();
    return NOT_BY_TIME;
  }

  #isDue(nowMs: number): boolean {
    if (this.#wants !== 'nothing') return true;
    if (this.#asked === undefined || nowMs < this.#asked.askedAtMs + RENEW_EVERY_MS) return false;
    return this.#started > this.#startedWhenAsked || this.#asked.slots > Math.max(LEAST_SLOTS, 2 * this.#inFlight);
  }

  /** Half as much again as would be sent in the time of a block; at least half of what was asked for last. */
  #nextAhead(nowMs: number): number {
    const sinceMs = Math.min(BLOCK_MS, Math.max(RENEW_EVERY_MS, nowMs - (this.#asked?.askedAtMs ?? -Infinity)));
    const inBlock = ((this.#started - this.#startedWhenAsked) * BLOCK_MS) / sinceMs;
    const again = this.#wants === 'calls' ? 2 * this.#ahead : this.#ahead / 2;
    return Math.min(MOST_AHEAD, Math.max(LEAST_AHEAD, 2 * this.#costliest, Math.ceil(inBlock * 1.5), Math.ceil(again)));
  }

  /** What was in flight at once lately, and some. The very last slot only when it is wanted: it is the next holder's to probe with. */
  #nextSlots(nowMs: number): number {
    const most = this.#free(nowMs);
    const lately = nowMs < this.#lastGoMs + QUIET_AFTER_MS ? this.#peak : this.#inFlight;
    const wanted = Math.max(1, lately + (this.#wants === 'slots' ? 1 : 0));
    const roomy = this.#wants === 'slots' ? 2 * wanted : Math.max(LEAST_SLOTS, wanted + 1 + (wanted >> 2));
    return Math.max(this.#inFlight, Math.min(most, Math.max(wanted, Math.min(roomy, most - 1))));
  }

  #free(nowMs: number): number {
    if (this.#owed.length === 0) return this.config.concurrency;
    this.#owed = this.#owedAt(nowMs);
    return this.config.concurrency - this.#owed.reduce((sum, [, slots]) => sum + slots, 0);
  }

  #owedAt(nowMs: number): [number, number][] {
    return this.#owed.filter(([untilMs]) => untilMs > nowMs);
  }

  #nextFreed(): number {
    return Math.min(...this.#owed.map(([untilMs]) => untilMs));
  }
}
