import { CELLS, Column } from './column.js';

export const WORDS = 4;
const DIGITS_A_WORD = 8;
const DIGITS = WORDS * DIGITS_A_WORD;
const NOBODY = -1;
/** 2^32 over the golden ratio (Knuth, The Art of Computer Programming 3, 6.4): spreads what differs in a few bits only. */
const GOLDEN = 0x9e3779b1;
const FEWEST_PLACES = 1_024;

/**
 * Slots by a key of 32 hexadecimal digits, which is kept as four words a slot. An open-addressing table with linear probing, at most half
 * full: one third of what a Map of a million strings takes.
 */
export class KeyIndex {
  readonly #words = new Column(CELLS.word, 0);
  readonly #asked = new Uint32Array(WORDS);
  #places = new Int32Array(FEWEST_PLACES).fill(NOBODY);
  #size = 0;

  /** Room for the keys of so many slots. */
  reserve(slots: number): void {
    this.#words.reserve(slots * WORDS);
    let length = this.#places.length;
    while (length < slots * 2) length *= 2;
    if (length > this.#places.length) this.#rebuild(length);
  }

  /** Undefined: nobody has this key. */
  find(key: string): number | undefined {
    if (!this.#read(key)) return undefined;
    const slot = this.#places[this.#placeOfAsked()] ?? NOBODY;
    return slot === NOBODY ? undefined : slot;
  }

  /** @returns false, and nothing happens, where this is no key or another slot has it. */
  add(slot: number, key: string): boolean {
    if (!this.#read(key)) return false;
    const place = this.#placeOfAsked();
    if (this.#places[place] !== NOBODY) return false;
    for (let i = 0; i < WORDS; i += 1) this.#words.set(slot * WORDS + i, this.#asked[i] ?? 0);
    this.#places[place] = slot;
    this.#size += 1;
    return true;
  }

  remove(slot: number): void {
    for (let i = 0; i < WORDS; i += 1) this.#asked[i] = this.#words.get(slot * WORDS + i);
    const place = this.#placeOfAsked();
    if (this.#places[place] !== slot) return;
    this.#size -= 1;
    this.#closeGap(place);
  }

  has(slot: number): boolean {
    for (let i = 0; i < WORDS; i += 1) this.#asked[i] = this.#words.get(slot * WORDS + i);
    return this.#places[this.#placeOfAsked()] === slot;
  }

  keyOf(slot: number): string {
    let key = '';
    for (let i = 0; i < WORDS; i += 1)
      key += this.#words
        .get(slot * WORDS + i)
        .toString(16)
        .padStart(DIGITS_A_WORD, '0');
    return key;
  }

  get size(): number {
    return this.#size;
  }

  #read(key: string): boolean {
    if (key.length !== DIGITS) return false;
    for (let i = 0; i < WORDS; i += 1) {
      let word = 0;
      for (let at = i * DIGITS_A_WORD; at < (i + 1) * DIGITS_A_WORD; at += 1) {
        const digit = digitOf(key.charCodeAt(at));
        if (digit < 0) return false;
        word = (word << 4) | digit;
      }
      this.#asked[i] = word;
    }
    return true;
  }

  /** Where the slot with the key that was read stands, or would. */
  #placeOfAsked(): number {
    const asked = this.#asked;
    const a = asked[0] ?? 0;
    const b = asked[1] ?? 0;
    const c = asked[2] ?? 0;
    const d = asked[3] ?? 0;
    const last = this.#places.length - 1;
    for (let place = spread(a ^ b ^ c ^ d) & last; ; place = (place + 1) & last) {
      const slot = this.#places[place] ?? NOBODY;
      if (slot === NOBODY) return place;
      const at = slot * WORDS;
      const isIt =
        this.#words.get(at) === a &&
        this.#words.get(at + 1) === b &&
        this.#words.get(at + 2) === c &&
        this.#words.get(at + 3) === d;
      if (isIt) return place;
    }
  }

  /** Knuth's algorithm R: whoever was pushed past the gap by others moves back into it, so that no mark of what is gone is left. */
  #closeGap(gap: number): void {
    const last = this.#places.length - 1;
    for (let place = (gap + 1) & last; ; place = (place + 1) & last) {
      const slot = this.#places[place] ?? NOBODY;
      if (slot === NOBODY) break;
      const home = this.#homeOf(slot);
      if (((place - home) & last) < ((place - gap) & last)) continue;
      this.#places[gap] = slot;
      gap = place;
    }
    this.#places[gap] = NOBODY;
  }

  #homeOf(slot: number): number {
    const at = slot * WORDS;
    const mixed = this.#words.get(at) ^ this.#words.get(at + 1) ^ this.#words.get(at + 2) ^ this.#words.get(at + 3);
    return spread(mixed) & (this.#places.length - 1);
  }

  #rebuild(length: number): void {
    const before = this.#places;
    this.#places = new Int32Array(length).fill(NOBODY);
    const last = length - 1;
    for (const slot of before) {
      if (slot === NOBODY) continue;
      let place = this.#homeOf(slot);
      while (this.#places[place] !== NOBODY) place = (place + 1) & last;
      this.#places[place] = slot;
    }
  }
}

function spread(word: number): number {
  const mixed = Math.imul(word, GOLDEN);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

/** Lower case only, as keys are told everywhere; less than 0: none. */
function digitOf(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  return code >= 97 && code <= 102 ? code - 87 : -1;
}
