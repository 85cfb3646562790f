/** A binary heap of slots in one typed array; which comes first is asked for each time, so their facts stay where they are. */
export class SlotHeap {
  #slots = new Int32Array(64);
  #size = 0;

  /** @param moved told of each new place: whoever takes slots out from the middle has to know it */
  constructor(
    private readonly comesBefore: (a: number, b: number) => boolean,
    private readonly moved: (slot: number, at: number) => void = () => undefined,
  ) {}

  get size(): number {
    return this.#size;
  }

  first(): number | undefined {
    return this.#size === 0 ? undefined : this.#slots[0];
  }

  add(slot: number): void {
    if (this.#size === this.#slots.length) {
      const wider = new Int32Array(2 * this.#size);
      wider.set(this.#slots);
      this.#slots = wider;
    }
    this.#size += 1;
    this.#rise(this.#size - 1, slot);
  }

  removeFirst(): number | undefined {
    const slot = this.first();
    if (slot !== undefined) this.removeAt(0);
    return slot;
  }

  removeAt(at: number): void {
    this.#size -= 1;
    if (at === this.#size) return;
    const last = this.#slots[this.#size] ?? 0;
    const above = this.#slots[(at - 1) >> 1];
    if (at > 0 && above !== undefined && this.comesBefore(last, above)) this.#rise(at, last);
    else this.#sink(at, last);
  }

  replaceFirst(slot: number): void {
    this.#sink(0, slot);
  }

  clear(): void {
    this.#size = 0;
  }

  #rise(from: number, slot: number): void {
    let at = from;
    while (at > 0) {
      const parent = this.#slots[(at - 1) >> 1] ?? 0;
      if (!this.comesBefore(slot, parent)) break;
      this.#put(at, parent);
      at = (at - 1) >> 1;
    }
    this.#put(at, slot);
  }

  #sink(from: number, slot: number): void {
    let at = from;
    for (let child = 2 * at + 1; child < this.#size; child = 2 * at + 1) {
      const [left, right] = [this.#slots[child] ?? 0, this.#slots[child + 1] ?? 0];
      const isRight = child + 1 < this.#size && this.comesBefore(right, left);
      const first = isRight ? right : left;
      if (!this.comesBefore(first, slot)) break;
      this.#put(at, first);
      at = isRight ? child + 1 : child;
    }
    this.#put(at, slot);
  }

  #put(at: number, slot: number): void {
    this.#slots[at] = slot;
    this.moved(slot, at);
  }
}
