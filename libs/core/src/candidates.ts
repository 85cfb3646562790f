import { SlotHeap } from './slot-heap.js';
import { gainAt } from './value.js';
import { FACTS, type ValueColumns } from './value-columns.js';

/**
 * The slots whose time has come, without holes and in no order, each with a copy of its facts: they are all valued at each take, and a look
 * at the columns of each would wait for memory most of the time.
 */
export class Candidates {
  slots = new Int32Array(64);
  #facts = new Float64Array(64 * FACTS);
  /** Where each slot stands. */
  #at = new Int32Array(0);
  #size = 0;
  readonly #columns: ValueColumns;
  readonly #worstFirst: SlotHeap;

  constructor(columns: ValueColumns) {
    this.#columns = columns;
    this.#worstFirst = new SlotHeap((a, b) => columns.comesBefore(b, a));
  }

  get size(): number {
    return this.#size;
  }

  /** There is room for slots from 0 up to this. */
  grow(length: number): void {
    const wide = new Int32Array(length);
    wide.set(this.#at);
    this.#at = wide;
  }

  add(slot: number): void {
    if (this.#size === this.slots.length) this.#widen();
    this.slots[this.#size] = slot;
    this.#columns.copyTo(this.#facts, this.#size * FACTS, slot);
    this.#at[slot] = this.#size;
    this.#size += 1;
  }

  /** The last one takes its place. */
  remove(slot: number): void {
    const at = this.#at[slot] ?? 0;
    this.#size -= 1;
    const last = this.slots[this.#size] ?? 0;
    this.slots[at] = last;
    this.#facts.copyWithin(at * FACTS, this.#size * FACTS, (this.#size + 1) * FACTS);
    this.#at[last] = at;
  }

  /** The best, the best first, by a heap of the best so far with the worst of them on top. Their values stand in the columns then. */
  best(count: number, nowMs: number): number[] {
    this.#worstFirst.clear();
    const facts = this.#facts;
    let worst = -Infinity;
    for (let i = 0, at = 0; i < this.#size; i += 1, at += FACTS) {
      const value = (facts[at] ?? 0) * gainAt((facts[at + 1] ?? 0) * (nowMs - (facts[at + 2] ?? 0)));
      if (value >= worst) worst = this.#consider(this.slots[i] ?? 0, value, count);
    }
    const best = new Array<number>(this.#worstFirst.size);
    for (let i = best.length - 1; i >= 0; i -= 1) best[i] = this.#worstFirst.removeFirst() ?? 0;
    return best;
  }

  /** Gives the value below which nobody is among the best any more. */
  #consider(slot: number, value: number, count: number): number {
    const heap = this.#worstFirst;
    this.#columns.setValue(slot, value);
    if (heap.size < count) heap.add(slot);
    else if (this.#columns.comesBefore(slot, heap.first() ?? 0)) heap.replaceFirst(slot);
    return heap.size < count ? -Infinity : this.#columns.knownValue(heap.first() ?? 0);
  }

  #widen(): void {
    const slots = new Int32Array(2 * this.#size);
    slots.set(this.slots);
    this.slots = slots;
    const facts = new Float64Array(2 * this.#size * FACTS);
    facts.set(this.#facts);
    this.#facts = facts;
  }
}
