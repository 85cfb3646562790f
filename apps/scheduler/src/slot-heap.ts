import { CELLS, Column } from './column.js';

const NOWHERE = -1;
const FEWEST = 64;

/** Where each slot stands, and by what: shared by heaps of which a slot is in one at a time. */
export class HeapPlaces {
  readonly at = new Column(CELLS.slot, NOWHERE);
  readonly key = new Column(CELLS.number, 0);
  readonly tie = new Column(CELLS.number, 0);
  #given = 0;

  reserve(slots: number): void {
    this.at.reserve(slots);
    this.key.reserve(slots);
    this.tie.reserve(slots);
  }

  isIn(slot: number): boolean {
    return this.at.get(slot) !== NOWHERE;
  }

  nextTie(): number {
    return (this.#given += 1);
  }
}

/** A binary heap of slots, smallest key first; equal keys in the order in which they came. */
export class SlotHeap {
  #slots = new Int32Array(FEWEST);
  #size = 0;

  constructor(private readonly places: HeapPlaces) {}

  get size(): number {
    return this.#size;
  }

  /** Undefined: it is empty. */
  first(): number | undefined {
    return this.#size === 0 ? undefined : this.#slots[0];
  }

  add(slot: number, key: number): void {
    const { places } = this;
    places.key.set(slot, key);
    places.tie.set(slot, places.nextTie());
    if (this.#size === this.#slots.length) this.#grow();
    this.#size += 1;
    this.#rise(slot, this.#size - 1);
  }

  remove(slot: number): void {
    const at = this.places.at.get(slot);
    if (this.#slots[at] !== slot) return;
    this.places.at.set(slot, NOWHERE);
    this.#size -= 1;
    const last = this.#slots[this.#size] ?? NOWHERE;
    if (last === slot) return;
    this.#rise(last, at);
    this.#sink(last);
  }

  #rise(slot: number, from: number): void {
    let at = from;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = this.#slots[up] ?? NOWHERE;
      if (!this.#isBefore(slot, parent)) break;
      this.#stand(parent, at);
      at = up;
    }
    this.#stand(slot, at);
  }

  #sink(slot: number): void {
    let at = this.places.at.get(slot);
    for (;;) {
      let down = 2 * at + 1;
      if (down >= this.#size) break;
      const right = down + 1;
      if (right < this.#size && this.#isBefore(this.#slots[right] ?? NOWHERE, this.#slots[down] ?? NOWHERE))
        down = right;
      const child = this.#slots[down] ?? NOWHERE;
      if (!this.#isBefore(child, slot)) break;
      this.#stand(child, at);
      at = down;
    }
    this.#stand(slot, at);
  }

  #stand(slot: number, at: number): void {
    this.#slots[at] = slot;
    this.places.at.set(slot, at);
  }

  #isBefore(a: number, b: number): boolean {
    const { key, tie } = this.places;
    const keyOfA = key.get(a);
    const keyOfB = key.get(b);
    return keyOfA < keyOfB || (keyOfA === keyOfB && tie.get(a) < tie.get(b));
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Int32Array(before.length * 2);
    this.#slots.set(before);
  }
}
