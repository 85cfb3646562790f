import { SlotHeap } from './slot-heap.js';
import { ValueColumns } from './value-columns.js';
import { ValueOrder } from './value-order.js';
import type { Worth } from './value.js';

/** What competes for the next call. It is only read during `place`: the caller may use one object again and again. */
export interface Placement extends Worth {
  /** Epoch ms at which the call for what is stored left; undefined: nothing is stored. */
  readonly fetchedAtMs: number | undefined;
  /** What is stored is known to be out of date: it comes before all of which that is only likely. */
  readonly isStale: boolean;
}

export interface ValueIndexOptions {
  /** The fewest that are valued at each take; fewer make takes cheaper, and looks at everything more frequent. Default 4,096. */
  readonly leastCandidates?: number;
  /** For how many takes they are to suffice when nobody joins them. Default 64. */
  readonly takesAhead?: number;
}

const NOWHERE = -1;
/** The threshold follows what was granted with this time constant: a minute's grants, the latest counting most. */
const LATELY_MS = 20_000;

/**
 * The greedy index: of all that compete, those whose refresh is worth most (`valueOf`), exactly, for 1,000,000 of them. Slots are small whole
 * numbers from 0 on; 50 bytes each. What is known to be stale is granted before all others; see `ValueOrder` for those.
 */
export class ValueIndex {
  readonly #columns = new ValueColumns();
  readonly #likely: ValueOrder;
  readonly #stale = new SlotHeap(this.#columns.comesBefore, (slot, at) => (this.#staleAt[slot] = at));
  /** The place in the heap of those that are known to be stale. */
  #staleAt = new Int32Array(0);
  #threshold = 0;
  #grantedAtMs = -Infinity;

  constructor(options: ValueIndexOptions = {}) {
    this.#likely = new ValueOrder(this.#columns, options);
  }

  /** How many compete. */
  get size(): number {
    return this.#stale.size + this.#likely.size;
  }

  /** How many of them are known to be out of date. */
  get staleSize(): number {
    return this.#stale.size;
  }

  /** How many are valued at each take. */
  get candidates(): number {
    return this.#likely.candidates;
  }

  /** The lowest value granted lately: what the next call is worth. 0 while there are calls for all. */
  get threshold(): number {
    return this.#threshold;
  }

  has(slot: number): boolean {
    return this.#isStale(slot) || this.#likely.has(slot);
  }

  /** Competes from now on, with these facts in place of any earlier ones. */
  place(slot: number, placement: Placement, nowMs: number): void {
    this.#grow(slot);
    this.withdraw(slot);
    this.#columns.set(slot, placement, placement.fetchedAtMs ?? -Infinity);
    if (!placement.isStale) return this.#likely.add(slot, nowMs);
    // As if it had waited for ever.
    this.#columns.setValue(slot, this.#columns.mostOf(slot));
    this.#stale.add(slot);
  }

  /** Does not compete any more: it is outstanding, gone, or backs off. */
  withdraw(slot: number): void {
    if (this.#isStale(slot)) this.#removeStale(slot);
    else if (this.#likely.has(slot)) this.#likely.remove(slot);
  }

  /**
   * The slots of greatest value, the best first, of equal ones the oldest; known stale ones before all others. They are withdrawn by that.
   * To be called often, also for 0.
   */
  take(count: number, nowMs: number): number[] {
    const granted: number[] = [];
    for (let slot = this.#stale.first(); slot !== undefined && granted.length < count; slot = this.#stale.first()) {
      this.#removeStale(slot);
      granted.push(slot);
    }
    const likely = this.#likely.take(count - granted.length, nowMs);
    this.#noteGranted(likely, nowMs);
    return granted.length === 0 ? likely : granted.concat(likely);
  }

  /** What a refresh of it is worth now; 0 where it does not compete. */
  valueAt(slot: number, nowMs: number): number {
    if (this.#isStale(slot)) return this.#columns.mostOf(slot);
    return this.#likely.has(slot) ? this.#columns.valueAt(slot, nowMs) : 0;
  }

  /**
   * Epoch ms at which it reaches the threshold, were that to stay: the view of what is planned. 0: it is due for want of anything that is
   * known to be right; Infinity: never, or it does not compete.
   */
  nextDueAtMs(slot: number): number {
    if (this.#isStale(slot)) return 0;
    if (!this.#likely.has(slot)) return Infinity;
    return Math.max(0, this.#columns.whenWithin(slot, { value: this.#threshold, fetchedAtMs: Infinity, slot }));
  }

  #isStale(slot: number): boolean {
    return (this.#staleAt[slot] ?? NOWHERE) !== NOWHERE;
  }

  #removeStale(slot: number): void {
    this.#stale.removeAt(this.#staleAt[slot] ?? 0);
    this.#staleAt[slot] = NOWHERE;
  }

  #noteGranted(likely: readonly number[], nowMs: number): void {
    const last = likely[likely.length - 1];
    if (last === undefined) return;
    const value = this.size === 0 ? 0 : this.#columns.knownValue(last);
    const kept = Math.exp(-Math.max(0, nowMs - this.#grantedAtMs) / LATELY_MS);
    this.#threshold = value + kept * (this.#threshold - value);
    this.#grantedAtMs = nowMs;
  }

  #grow(slot: number): void {
    if (slot < this.#staleAt.length) return;
    const length = Math.max(1_024, 2 ** Math.ceil(Math.log2(slot + 1)));
    const staleAt = new Int32Array(length).fill(NOWHERE);
    staleAt.set(this.#staleAt);
    this.#staleAt = staleAt;
    this.#columns.grow(length);
    this.#likely.grow(length);
  }
}
