/** A set of slots that can be gone through from end to end without holes. Each knows its place: to come and to go is constant time. */
export class SlotSet {
  slots = new Int32Array(64);
  #at = new Int32Array(0);
  #size = 0;

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
    if (this.#size === this.slots.length) {
      const wide = new Int32Array(2 * this.#size);
      wide.set(this.slots);
      this.slots = wide;
    }
    this.slots[this.#size] = slot;
    this.#at[slot] = this.#size;
    this.#size += 1;
  }

  /** The last one takes its place. */
  remove(slot: number): void {
    const at = this.#at[slot] ?? 0;
    this.#size -= 1;
    const last = this.slots[this.#size] ?? 0;
    this.slots[at] = last;
    this.#at[last] = at;
  }
}
