type Cells = Float64Array | Int32Array | Uint32Array | Uint8Array;

export const CELLS = {
  /** Times, versions, shares: whatever a number may be. */
  number: (length: number): Cells => new Float64Array(length),
  slot: (length: number): Cells => new Int32Array(length),
  word: (length: number): Cells => new Uint32Array(length),
  byte: (length: number): Cells => new Uint8Array(length),
} as const;

/** One attribute of every slot. A million resources as objects would be several hundred bytes and one more thing to trace each. */
export class Column {
  #cells: Cells;

  constructor(
    private readonly create: (length: number) => Cells,
    /** What a slot holds to which nothing was given. */
    private readonly absent: number,
  ) {
    this.#cells = create(0);
  }

  get(slot: number): number {
    return this.#cells[slot] ?? this.absent;
  }

  set(slot: number, value: number): void {
    this.#cells[slot] = value;
  }

  clear(slot: number): void {
    this.#cells[slot] = this.absent;
  }

  /** Room for so many slots; what is there stays. */
  reserve(length: number): void {
    const before = this.#cells;
    if (length <= before.length) return;
    this.#cells = this.create(length);
    this.#cells.set(before);
    if (this.absent !== 0) this.#cells.fill(this.absent, before.length);
  }
}
