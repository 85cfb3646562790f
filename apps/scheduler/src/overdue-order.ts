import { overdueRatio } from '#core';
import { CELLS, Column } from './column.js';
import { SlotHeap } from './slot-heap.js';
import type { HeapPlaces } from './slot-heap.js';

/** Of a slot that is due: what decides its turn. Undefined: nothing usable is stored, so it goes first. */
export interface OverdueFacts {
  maxAgeMs(slot: number): number;
  fetchedAtMs(slot: number): number | undefined;
}

/** Resources whose maxAge differs by less than this share one queue, in which the oldest goes first. */
const RANK_STEP = Math.log(1.05);

/**
 * What is due, by age over maxAge. Which of two is the greater changes with time, unless both have the same maxAge: so there is one heap
 * for each rank of maxAge (some three hundred from a second to a month), and only their heads are compared.
 */
export class OverdueOrder {
  readonly #ranks = new Map<number, SlotHeap>();
  readonly #rankOf = new Column(CELLS.slot, 0);
  #size = 0;

  constructor(
    private readonly places: HeapPlaces,
    private readonly facts: OverdueFacts,
  ) {}

  get size(): number {
    return this.#size;
  }

  reserve(slots: number): void {
    this.#rankOf.reserve(slots);
  }

  add(slot: number): void {
    const rank = Math.round(Math.log(this.facts.maxAgeMs(slot)) / RANK_STEP);
    let heap = this.#ranks.get(rank);
    if (heap === undefined) this.#ranks.set(rank, (heap = new SlotHeap(this.places)));
    heap.add(slot, this.facts.fetchedAtMs(slot) ?? -Infinity);
    this.#rankOf.set(slot, rank);
    this.#size += 1;
  }

  remove(slot: number): void {
    const rank = this.#rankOf.get(slot);
    const heap = this.#ranks.get(rank);
    heap?.remove(slot);
    this.#size -= 1;
    if (heap?.size === 0) this.#ranks.delete(rank);
  }

  /** Whose turn it is. Of those that wait for their first fetch, the one that waits longest. */
  first(nowMs: number): number | undefined {
    let best: number | undefined;
    let bestRatio = -Infinity;
    for (const heap of this.#ranks.values()) {
      const head = heap.first();
      if (head === undefined) continue;
      const ratio = this.ratio(head, nowMs);
      if (best !== undefined && (ratio < bestRatio || (ratio === bestRatio && !this.#cameBefore(head, best)))) continue;
      best = head;
      bestRatio = ratio;
    }
    return best;
  }

  /** Age over maxAge. */
  ratio(slot: number, nowMs: number): number {
    return overdueRatio({ fetchedAtMs: this.facts.fetchedAtMs(slot), maxAgeMs: this.facts.maxAgeMs(slot) }, nowMs);
  }

  #cameBefore(a: number, b: number): boolean {
    return this.places.tie.get(a) < this.places.tie.get(b);
  }
}
