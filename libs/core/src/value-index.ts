import { clampedChangeRate, elapsedForGain, gainAt, staleValueOf, type Worth } from './value.js';

/** What competes for the next call. It is only read during `place`: the caller may use one object again and again. */
export interface Placement extends Worth {
  /** Epoch ms at which the call for what is stored left; undefined: nothing is stored. */
  readonly fetchedAtMs: number | undefined;
  /** What is stored is known to be out of date: it comes before all of which that is only likely. */
  readonly isStale: boolean;
}

const ABSENT = 0;
const LIKELY = 1;
const STALE = 2;
/** The threshold follows what was granted with this time constant: a minute's grants, the latest counting most. */
const LATELY_MS = 20_000;

/** The greedy index: of all that compete, those whose refresh is worth most, by `valueOf`. Slots are small whole numbers from 0 on. */
export class ValueIndex {
  #stage = new Uint8Array(0);
  /** w/(cλ) */
  #most = new Float64Array(0);
  #ratePerMs = new Float64Array(0);
  #fetchedAtMs = new Float64Array(0);
  #size = 0;
  #threshold = 0;
  #grantedAtMs = -Infinity;

  /** How many compete. */
  get size(): number {
    return this.#size;
  }

  /** The lowest value granted lately: what the next call is worth. 0 while there are calls for all. */
  get threshold(): number {
    return this.#threshold;
  }

  has(slot: number): boolean {
    return (this.#stage[slot] ?? ABSENT) !== ABSENT;
  }

  /** Competes from now on, with these facts in place of any earlier ones. */
  place(slot: number, placement: Placement, _nowMs: number): void {
    this.#grow(slot);
    if (!this.has(slot)) this.#size += 1;
    this.#stage[slot] = placement.isStale ? STALE : LIKELY;
    this.#most[slot] = staleValueOf(placement);
    this.#ratePerMs[slot] = clampedChangeRate(placement.changeRate) / 1_000;
    this.#fetchedAtMs[slot] = placement.fetchedAtMs ?? -Infinity;
  }

  /** Does not compete any more: it is outstanding, gone, or backs off. */
  withdraw(slot: number): void {
    if (!this.has(slot)) return;
    this.#stage[slot] = ABSENT;
    this.#size -= 1;
  }

  /** The slots of greatest value, the best first; known stale ones before all others. They are withdrawn by that. */
  take(count: number, nowMs: number): number[] {
    const order: { slot: number; isStale: boolean; value: number; fetchedAtMs: number }[] = [];
    for (let slot = 0; slot < this.#stage.length; slot += 1) {
      if (!this.has(slot)) continue;
      const isStale = this.#stage[slot] === STALE;
      order.push({ slot, isStale, value: this.valueAt(slot, nowMs), fetchedAtMs: this.#fetchedAtMs[slot] ?? 0 });
    }
    order.sort((a, b) => {
      if (a.isStale !== b.isStale) return a.isStale ? -1 : 1;
      if (a.value !== b.value) return b.value - a.value;
      return a.fetchedAtMs === b.fetchedAtMs ? a.slot - b.slot : a.fetchedAtMs - b.fetchedAtMs;
    });
    const granted = order.slice(0, Math.max(0, count));
    for (const { slot } of granted) this.withdraw(slot);
    const last = granted.findLast(({ isStale }) => !isStale);
    if (last !== undefined) this.#noteGranted(order.length > granted.length ? last.value : 0, nowMs);
    return granted.map(({ slot }) => slot);
  }

  /** What a refresh of it is worth now; 0 where it does not compete. */
  valueAt(slot: number, nowMs: number): number {
    const stage = this.#stage[slot] ?? ABSENT;
    if (stage === ABSENT) return 0;
    const most = this.#most[slot] ?? 0;
    return stage === STALE
      ? most
      : most * gainAt((this.#ratePerMs[slot] ?? 0) * (nowMs - (this.#fetchedAtMs[slot] ?? 0)));
  }

  /**
   * Epoch ms at which it reaches the threshold, were that to stay: the view of what is planned. 0: it is due already for want of anything
   * that is right; Infinity: never, or it does not compete.
   */
  nextDueAtMs(slot: number): number {
    const stage = this.#stage[slot] ?? ABSENT;
    const most = this.#most[slot] ?? 0;
    if (stage === ABSENT) return Infinity;
    if (stage === STALE) return 0;
    const x = this.#threshold > 0 ? (most > 0 ? elapsedForGain(this.#threshold / most) : Infinity) : 0;
    const atMs = (this.#fetchedAtMs[slot] ?? 0) + x / (this.#ratePerMs[slot] ?? 1);
    return Number.isNaN(atMs) ? Infinity : Math.max(0, atMs);
  }

  #noteGranted(value: number, nowMs: number): void {
    const kept = Math.exp(-Math.max(0, nowMs - this.#grantedAtMs) / LATELY_MS);
    this.#threshold = value + kept * (this.#threshold - value);
    this.#grantedAtMs = nowMs;
  }

  #grow(slot: number): void {
    if (slot < this.#stage.length) return;
    const length = Math.max(1_024, 2 ** Math.ceil(Math.log2(slot + 1)));
    const wider = <T extends Uint8Array | Float64Array>(wide: T, narrow: T): T => (wide.set(narrow), wide);
    this.#stage = wider(new Uint8Array(length), this.#stage);
    this.#most = wider(new Float64Array(length), this.#most);
    this.#ratePerMs = wider(new Float64Array(length), this.#ratePerMs);
    this.#fetchedAtMs = wider(new Float64Array(length), this.#fetchedAtMs);
  }
}
