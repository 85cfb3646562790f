import { staleValueOf, ValueIndex } from '#core';
import { CELLS, Column } from './column.js';
import type { Demand } from './demand.js';
import type { Kinds } from './kinds.js';
import type { Lead } from './lead.js';
import { OverdueOrder } from './overdue-order.js';
import { whenDue } from './planned.js';
import type { ResourceTable } from './resource-table.js';
import { HeapPlaces, SlotHeap } from './slot-heap.js';

/** How the budget is to be spent at this tick. */
export interface Choice {
  /** Whether every maxAge can be kept, in the long run. */
  readonly fits: boolean;
  /** Whether what is left is spent too. */
  readonly spendsAll: boolean;
  /** Calls' worth of the budget. */
  readonly perSecond: number;
}

export const STAGE = { none: 0, held: 1, unhurried: 2, waiting: 3, overdue: 4, outstanding: 5 } as const;

/** At least this part of the calls is there for floors, when they need it. */
const SHARE_OF_FLOORS = 0.5;
/** For so long floors may go first without a break: those that become due together have had nothing of it before. */
const FLOORS_TOGETHER_S = 5;
/** How many come due in one call of `collect`: after a long stall all do, and a heap of a million is not emptied in a tick. */
const MOST_COLLECTED = 4_000;

/** Until all values were looked at anew, at 20 ticks a second: five minutes. */
const SWEEP_TICKS = 6_000;
const MOST_SWEPT = 5_000;

/**
 * Whose turn it is. Each slot is in one stage:
 *
 * - none: it was just put in, or its reminder has just ended → held, unhurried, waiting or overdue, within the same call.
 * - held: it failed, or is one of many that were never fetched; until `notBefore` → unhurried, waiting or overdue.
 * - unhurried: it has no maxAge; only its value, or that it is known to be stale, brings its turn → outstanding.
 * - waiting: until its maxAge is about to end → overdue; or its value brings its turn before → outstanding.
 * - overdue: it is due, and has its turn when the pace allows → outstanding.
 * - outstanding: someone was reminded, and the end has not been told → none.
 *
 * Whoever is unhurried, waiting or overdue is also either among the stale ones or in the index of values, so that its turn may come by
 * these as well.
 */
export class Turns {
  readonly #stage = new Column(CELLS.byte, STAGE.none);
  readonly #places = new HeapPlaces();
  readonly #stalePlaces = new HeapPlaces();
  readonly #waiting = new SlotHeap(this.#places);
  readonly #floors: OverdueOrder;
  readonly #targets: OverdueOrder;
  readonly #stale = new SlotHeap(this.#stalePlaces);
  readonly #values = new ValueIndex();
  readonly #leadMs: (maxAgeMs: number) => number;
  /** Of the slot in question: the index reads it during the call. */
  readonly #facts = { weight: 1, cost: 1, changeRate: 1, fetchedAtMs: undefined as number | undefined, isStale: false };
  #floorCredit = 0;
  #swept = 0;
  #toSweep = 0;

  constructor(
    private readonly table: ResourceTable,
    private readonly demand: Demand,
    private readonly kinds: Kinds,
    lead: Lead,
  ) {
    const facts = {
      maxAgeMs: (slot: number) => table.maxAgeMs.get(slot),
      fetchedAtMs: (slot: number) => table.fetchedAtMs(slot),
    };
    this.#leadMs = (maxAgeMs) => lead.leadMs(maxAgeMs);
    this.#floors = new OverdueOrder(this.#places, facts);
    this.#targets = new OverdueOrder(this.#places, facts);
  }

  reserve(slots: number): void {
    this.#stage.reserve(slots);
    this.#places.reserve(slots);
    this.#stalePlaces.reserve(slots);
    this.#floors.reserve(slots);
    this.#targets.reserve(slots);
  }

  /** How many are due and have not had their turn. */
  get overdue(): number {
    return this.#floors.size + this.#targets.size;
  }

  get knownStale(): number {
    return this.#stale.size;
  }

  /** What the next call by value would be worth, in the unit in which an average resource that changes once a second is worth 1. */
  get threshold(): number {
    return this.#values.threshold;
  }

  isOutstanding(slot: number): boolean {
    return this.#stage.get(slot) === STAGE.outstanding;
  }

  /** By what is known now. */
  place(slot: number, nowMs: number): void {
    this.leave(slot);
    const notBeforeMs = this.table.notBeforeMs.get(slot);
    if (notBeforeMs > nowMs) return this.#wait(slot, notBeforeMs, STAGE.held);
    this.#value(slot, nowMs);
    const dueMs = whenDue(this.table, slot, this.#leadMs);
    if (dueMs <= nowMs) this.#becomeDue(slot);
    else if (dueMs === Infinity) this.#stage.set(slot, STAGE.unhurried);
    else this.#wait(slot, dueMs, STAGE.waiting);
  }

  /** Of those that are placed: what has changed about them, or about all together. */
  revalue(slot: number, nowMs: number): void {
    const stage = this.#stage.get(slot);
    if (stage === STAGE.unhurried || stage === STAGE.waiting || stage === STAGE.overdue) this.#value(slot, nowMs);
  }

  /** Some of all, round and round: demand fades. Faster when all are held against another mean, or change as nobody thought. */
  sweep(nowMs: number): void {
    if (this.demand.settle(this.table.size, nowMs)) this.sweepAll();
    const count = Math.min(MOST_SWEPT, Math.max(this.#toSweep, Math.ceil(this.table.end / SWEEP_TICKS)));
    this.#toSweep = Math.max(0, this.#toSweep - count);
    for (let n = 0; n < count; n += 1) {
      this.#swept = this.#swept + 1 < this.table.end ? this.#swept + 1 : 0;
      this.revalue(this.#swept, nowMs);
    }
  }

  /** Within the next ticks. */
  sweepAll(): void {
    this.#toSweep = this.table.end;
  }

  leave(slot: number): void {
    const stage = this.#stage.get(slot);
    if (stage === STAGE.none || stage === STAGE.outstanding) return;
    this.#stage.set(slot, STAGE.none);
    if (stage === STAGE.overdue) this.#orderOf(slot).remove(slot);
    else if (stage !== STAGE.unhurried) this.#waiting.remove(slot);
    if (stage === STAGE.held) return;
    if (this.#stalePlaces.isIn(slot)) this.#stale.remove(slot);
    else this.#values.withdraw(slot);
  }

  end(slot: number): void {
    if (this.isOutstanding(slot)) this.#stage.set(slot, STAGE.none);
  }

  /** Whoever has become due since. */
  collect(nowMs: number): void {
    for (let n = 0; n < MOST_COLLECTED; n += 1) {
      const slot = this.#waiting.first();
      if (slot === undefined || this.#places.key.get(slot) > nowMs) return;
      if (this.#stage.get(slot) === STAGE.held) {
        this.place(slot, nowMs);
        continue;
      }
      this.#waiting.remove(slot);
      this.#becomeDue(slot);
    }
  }

  /** Age over maxAge of the one that waits longest for its turn; 0 when none does. */
  greatestRatio(nowMs: number): number {
    const first = this.#firstOverdue(nowMs);
    return first === undefined ? 0 : this.#targets.ratio(first, nowMs);
  }

  /**
   * The turns of one tick. Known stale ones come first. What is overdue follows by age over maxAge while all fits; beyond that value decides,
   * except that floors have up to half of the calls. They have that against the stale ones too: a hook that marks everything is no reason
   * to break what was promised.
   */
  take(count: number, choice: Choice, nowMs: number): number[] {
    const taken: number[] = [];
    const isContended = !choice.fits || this.#stale.size > 0;
    if (isContended) this.#takeFloors(taken, count, choice, nowMs);
    while (taken.length < count) {
      const slot = this.#stale.first() ?? (choice.fits ? this.#firstOverdue(nowMs) : undefined);
      if (slot === undefined) break;
      this.#take(slot, taken);
    }
    if (!choice.fits || choice.spendsAll) this.#takeByValue(taken, count, nowMs);
    return taken;
  }

  /** By the demand and the change rate that are known now. */
  #value(slot: number, nowMs: number): void {
    const { table } = this;
    const facts = this.#facts;
    const known = table.changeRate.get(slot);
    facts.weight = table.weight.get(slot) * this.demand.share(slot, nowMs);
    facts.changeRate = Number.isNaN(known) ? this.kinds.changeRate(slot) : known;
    facts.cost = table.cost.get(slot);
    facts.fetchedAtMs = table.fetchedAtMs(slot);
    if (this.#stalePlaces.isIn(slot)) this.#stale.remove(slot);
    if (!table.isStale(slot)) return this.#values.place(slot, facts, nowMs);
    this.#values.withdraw(slot);
    this.#stale.add(slot, -staleValueOf(facts));
  }

  #takeFloors(taken: number[], count: number, { perSecond }: Choice, nowMs: number): void {
    const most = 1 + perSecond * SHARE_OF_FLOORS * FLOORS_TOGETHER_S;
    this.#floorCredit = Math.min(most, this.#floorCredit + count * SHARE_OF_FLOORS);
    while (taken.length < count && this.#floorCredit >= 1) {
      const slot = this.#floors.first(nowMs);
      if (slot === undefined) return;
      this.#floorCredit -= 1;
      this.#take(slot, taken);
    }
  }

  #takeByValue(taken: number[], count: number, nowMs: number): void {
    if (taken.length >= count) return;
    for (const slot of this.#values.take(count - taken.length, nowMs)) this.#take(slot, taken);
  }

  #take(slot: number, taken: number[]): void {
    this.leave(slot);
    this.#stage.set(slot, STAGE.outstanding);
    taken.push(slot);
  }

  #firstOverdue(nowMs: number): number | undefined {
    const floor = this.#floors.first(nowMs);
    const target = this.#targets.first(nowMs);
    if (floor === undefined || target === undefined) return floor ?? target;
    return this.#floors.ratio(floor, nowMs) >= this.#targets.ratio(target, nowMs) ? floor : target;
  }

  #wait(slot: number, untilMs: number, stage: number): void {
    this.#waiting.add(slot, untilMs);
    this.#stage.set(slot, stage);
  }

  #becomeDue(slot: number): void {
    this.#orderOf(slot).add(slot);
    this.#stage.set(slot, STAGE.overdue);
  }

  #orderOf(slot: number): OverdueOrder {
    return this.table.isFloor.get(slot) === 1 ? this.#floors : this.#targets;
  }
}
