import { clampedChangeRate, elapsedForGain, gainAt, staleValueOf, type Worth } from './value.js';

/** Of one slot, side by side, so that a look at it is one line of the processor's cache: w/(cλ), λ per ms, epoch ms, the last value. */
const WIDTH = 4;
/** Without the last value. */
export const FACTS = 3;
const RATE = 1;
const FETCHED = 2;
const VALUE = 3;

/** The x from which 1 − (1 + x)e^(−x) may be 1 in a double. */
const SATURATED_AT = 36;

const ROUNDED_UP = 1 + 1e-9;

/** A place in the order of values. With age and slot, for thousands may have one value: all that were never fetched and of which nothing is known. */
export interface Line {
  readonly value: number;
  readonly fetchedAtMs: number;
  readonly slot: number;
}

/** Whatever there is stands before it. */
export const LAST_LINE: Line = { value: -1, fetchedAtMs: Infinity, slot: Infinity };

export function isLineBefore(a: Line, b: Line): boolean {
  if (a.value !== b.value) return a.value > b.value;
  return a.fetchedAtMs === b.fetchedAtMs ? a.slot < b.slot : a.fetchedAtMs < b.fetchedAtMs;
}

/** The facts that decide the value of each slot, 32 bytes each. */
export class ValueColumns {
  #facts = new Float64Array(0);

  grow(length: number): void {
    const wide = new Float64Array(length * WIDTH);
    wide.set(this.#facts);
    this.#facts = wide;
  }

  /** @param fetchedAtMs −Infinity: never */
  set(slot: number, worth: Worth, fetchedAtMs: number): void {
    const at = slot * WIDTH;
    this.#facts[at] = staleValueOf(worth);
    this.#facts[at + RATE] = clampedChangeRate(worth.changeRate) / 1_000;
    this.#facts[at + FETCHED] = fetchedAtMs;
  }

  /** The most that a refresh of it can be worth. */
  mostOf(slot: number): number {
    return this.#facts[slot * WIDTH] ?? 0;
  }

  fetchedAtMs(slot: number): number {
    return this.#facts[slot * WIDTH + FETCHED] ?? 0;
  }

  /** As last computed. */
  knownValue(slot: number): number {
    return this.#facts[slot * WIDTH + VALUE] ?? 0;
  }

  valueAt(slot: number, nowMs: number): number {
    const at = slot * WIDTH;
    const facts = this.#facts;
    const x = (facts[at + RATE] ?? 0) * (nowMs - (facts[at + FETCHED] ?? 0));
    const value = (facts[at] ?? 0) * gainAt(x);
    facts[at + VALUE] = value;
    return value;
  }

  /** False: it will not have reached the value by then. Cheaper than `valueAt`: 1 − (1 + x)e^(−x) is at most x²/2, and at most 1. */
  mayReach(slot: number, value: number, atMs: number): boolean {
    const at = slot * WIDTH;
    const facts = this.#facts;
    const most = (facts[at] ?? 0) * ROUNDED_UP;
    if (most < value) return false;
    const x = (facts[at + RATE] ?? 0) * (atMs - (facts[at + FETCHED] ?? 0));
    // Worth nothing and never fetched: 0 · ∞, of which nothing can be ruled out.
    return x < 0 ? value <= 0 : !((most * x * x) / 2 < value);
  }

  /** As last computed, as a line that others come before or after. */
  lineAt(slot: number): Line {
    return { value: this.knownValue(slot), fetchedAtMs: this.fetchedAtMs(slot), slot };
  }

  /** Whether it stands before the line, or on it, by its value as last computed. */
  isWithin(slot: number, line: Line): boolean {
    const value = this.knownValue(slot);
    return value > line.value || (value === line.value && this.#isNoYounger(slot, line));
  }

  /** Epoch ms at which it comes to stand before the line; Infinity: never. May be early, not late. */
  whenWithin(slot: number, line: Line): number {
    const most = this.mostOf(slot);
    const rate = this.#facts[slot * WIDTH + RATE] ?? 1;
    if (most > line.value) return this.fetchedAtMs(slot) + elapsedForGain(line.value / most) / rate;
    // Once it is worth the most that it can be, which of two is older decides.
    if (most === line.value && this.#isNoYounger(slot, line)) return this.fetchedAtMs(slot) + SATURATED_AT / rate;
    return Infinity;
  }

  #isNoYounger(slot: number, line: Line): boolean {
    const fetchedAtMs = this.fetchedAtMs(slot);
    return fetchedAtMs < line.fetchedAtMs || (fetchedAtMs === line.fetchedAtMs && slot <= line.slot);
  }

  /** By values as last computed; of equal ones what is older, and then the lower slot. */
  readonly comesBefore = (a: number, b: number): boolean => {
    const facts = this.#facts;
    const [atA, atB] = [a * WIDTH, b * WIDTH];
    const [valueA, valueB] = [facts[atA + VALUE] ?? 0, facts[atB + VALUE] ?? 0];
    if (valueA !== valueB) return valueA > valueB;
    const [fetchedA, fetchedB] = [facts[atA + FETCHED] ?? 0, facts[atB + FETCHED] ?? 0];
    return fetchedA !== fetchedB ? fetchedA < fetchedB : a < b;
  };

  setValue(slot: number, value: number): void {
    this.#facts[slot * WIDTH + VALUE] = value;
  }

  /** w/(cλ), λ per ms, and epoch ms of the last fetch, from `at` on. */
  copyTo(into: Float64Array, at: number, slot: number): void {
    const from = slot * WIDTH;
    into[at] = this.#facts[from] ?? 0;
    into[at + 1] = this.#facts[from + RATE] ?? 0;
    into[at + 2] = this.#facts[from + FETCHED] ?? 0;
  }
}
