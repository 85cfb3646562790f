import { CELLS, Column } from './column.js';

const FEWEST_BYTES = 1 << 16;
/** Gaps are closed when they are as much as what is left, and worth the copying. */
const WORTH_CLOSING_BYTES = 1 << 20;

/** One text a slot, all in one buffer that grows. */
export class TextShelf {
  readonly #from = new Column(CELLS.number, 0);
  readonly #length = new Column(CELLS.word, 0);
  #bytes: Buffer = Buffer.allocUnsafeSlow(FEWEST_BYTES);
  #end = 0;
  #gaps = 0;
  #slots = 0;

  reserve(slots: number): void {
    this.#from.reserve(slots);
    this.#length.reserve(slots);
    this.#slots = Math.max(this.#slots, slots);
  }

  /** What it takes. */
  get bytes(): number {
    return this.#bytes.length;
  }

  put(slot: number, text: string): void {
    const length = Buffer.byteLength(text);
    this.drop(slot);
    this.#makeRoom(length);
    this.#bytes.write(text, this.#end);
    this.#from.set(slot, this.#end);
    this.#length.set(slot, length);
    this.#end += length;
  }

  get(slot: number): string {
    const from = this.#from.get(slot);
    return this.#bytes.toString('utf8', from, from + this.#length.get(slot));
  }

  drop(slot: number): void {
    this.#gaps += this.#length.get(slot);
    this.#length.set(slot, 0);
    if (this.#gaps > WORTH_CLOSING_BYTES && this.#gaps > this.#end / 2) this.#moveTo(this.#end - this.#gaps);
  }

  #makeRoom(length: number): void {
    if (this.#end + length <= this.#bytes.length) return;
    this.#moveTo(2 * (this.#end - this.#gaps + length));
  }

  #moveTo(bytes: number): void {
    const before = this.#bytes;
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(FEWEST_BYTES, bytes));
    if (this.#gaps === 0) before.copy(this.#bytes, 0, 0, this.#end);
    else this.#closeGaps(before);
  }

  #closeGaps(before: Buffer): void {
    this.#end = 0;
    this.#gaps = 0;
    for (let slot = 0; slot < this.#slots; slot += 1) {
      const length = this.#length.get(slot);
      if (length === 0) continue;
      const from = this.#from.get(slot);
      before.copy(this.#bytes, this.#end, from, from + length);
      this.#from.set(slot, this.#end);
      this.#end += length;
    }
  }
}
