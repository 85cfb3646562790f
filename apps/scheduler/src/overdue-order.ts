import { Heap, overdueRatio } from '#core';
import type { HeapPlace } from '#core';

/** Something that is due, with what decides its turn. Undefined `fetchedAtMs`: nothing usable is stored, so it goes first. */
export interface Overdue {
  readonly maxAgeMs: number;
  readonly fetchedAtMs: number | undefined;
}

export interface OverduePlace<T> {
  readonly rank: number;
  readonly place: HeapPlace<T>;
}

/** Resources whose maxAge differs by less than this share one queue, in which the oldest goes first. */
const RANK_STEP = Math.log(1.05);

/**
 * What is due, by age over maxAge. Which of two is the greater changes with time, unless both have the same maxAge: so there is one heap
 * for each rank of maxAge (some three hundred from a second to a month), and only their heads are compared.
 */
export class OverdueOrder<T> {
  readonly #ranks = new Map<number, Heap<T>>();
  #size = 0;
  #added = 0;

  constructor(private readonly rankOf: (value: T) => Overdue) {}

  get size(): number {
    return this.#size;
  }

  add(value: T): OverduePlace<T> {
    const { maxAgeMs, fetchedAtMs } = this.rankOf(value);
    const rank = Math.round(Math.log(maxAgeMs) / RANK_STEP);
    let heap = this.#ranks.get(rank);
    if (heap === undefined) this.#ranks.set(rank, (heap = new Heap<T>()));
    this.#size += 1;
    return { rank, place: heap.add(value, fetchedAtMs ?? -Infinity, (this.#added += 1)) };
  }

  remove({ rank, place }: OverduePlace<T>): void {
    const heap = this.#ranks.get(rank);
    heap?.remove(place);
    this.#size -= 1;
    if (heap?.size === 0) this.#ranks.delete(rank);
  }

  /** Whose turn it is. Of those that wait for their first fetch, the one that waits longest. */
  first(nowMs: number): T | undefined {
    let best: HeapPlace<T> | undefined;
    let bestRatio = -Infinity;
    for (const heap of this.#ranks.values()) {
      const head = heap.first();
      if (head === undefined) continue;
      const ratio = overdueRatio(this.rankOf(head.value), nowMs);
      const isSooner = best === undefined || ratio > bestRatio || (ratio === bestRatio && head.tie < best.tie);
      if (isSooner) [best, bestRatio] = [head, ratio];
    }
    return best?.value;
  }
}
