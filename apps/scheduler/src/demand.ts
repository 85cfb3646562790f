import { CELLS, Column } from './column.js';

/** As the refresher counts: a read counts for half after an hour. */
const HALF_LIFE_MS = 3_600_000;
/** Of the mean, so that what nobody asks for fades and is not forgotten. */
const SMALL_SHARE = 0.05;
/** Reads that everybody has: where hardly anybody reads, a single read says little. */
const PRIOR_READS = 0.01;
/** When the mean is another by more than this, all are held against the one that it is now. */
const ANOTHER_MEAN = 1.25;
/** Half-lives after which the counts are written anew, long before they are too large for a number. */
const REBASE_AFTER = 64;

/**
 * How much each resource is asked for, against the others. Reads fade, all at the same speed: so they are kept as they would stand at one
 * moment (`epoch`), and fading changes no number. They are told against a mean that stays for a while: what was told of one resource can
 * be compared with what was told of another a minute later.
 */
export class Demand {
  readonly #reads = new Column(CELLS.number, 0);
  readonly #halfLifeMs: number;
  #slots = 0;
  #sum = 0;
  #epochMs = NaN;
  /** Mean reads of a resource, as of when it was looked at; NaN: nobody has read anything. */
  #mean = NaN;

  constructor(timeScale = 1) {
    this.#halfLifeMs = HALF_LIFE_MS / timeScale;
  }

  reserve(slots: number): void {
    this.#reads.reserve(slots);
    this.#slots = Math.max(this.#slots, slots);
  }

  /** `reads`: faded, as of `atMs`. */
  heard(slot: number, reads: number, atMs: number): void {
    if (!Number.isFinite(reads) || !Number.isFinite(atMs)) return;
    if (Number.isNaN(this.#epochMs)) this.#epochMs = atMs;
    if (atMs - this.#epochMs > REBASE_AFTER * this.#halfLifeMs) this.#rebase(atMs);
    const scaled = Math.max(0, reads) * this.#scale(atMs);
    this.#sum += scaled - this.#reads.get(slot);
    this.#reads.set(slot, scaled);
  }

  forget(slot: number): void {
    this.#sum -= this.#reads.get(slot);
    this.#reads.clear(slot);
  }

  /** Looks at the mean over `size` resources. @returns whether all shares are others than before. */
  settle(size: number, nowMs: number): boolean {
    if (this.#sum <= 0 || size === 0) return false;
    const mean = this.#sum / size / this.#scale(nowMs) + PRIOR_READS;
    const change = mean / this.#mean;
    if (change < ANOTHER_MEAN && change > 1 / ANOTHER_MEAN) return false;
    this.#mean = mean;
    return true;
  }

  /** 1 on average, and for all while nobody reads. */
  share(slot: number, nowMs: number): number {
    if (Number.isNaN(this.#mean)) return 1;
    const share = (this.#reads.get(slot) / this.#scale(nowMs) + PRIOR_READS) / this.#mean;
    return (share + SMALL_SHARE) / (1 + SMALL_SHARE);
  }

  #scale(atMs: number): number {
    return 2 ** ((atMs - this.#epochMs) / this.#halfLifeMs);
  }

  #rebase(toMs: number): void {
    const factor = 1 / this.#scale(toMs);
    this.#epochMs = toMs;
    this.#sum = 0;
    for (let slot = 0; slot < this.#slots; slot += 1) {
      const reads = this.#reads.get(slot) * factor;
      this.#reads.set(slot, reads);
      this.#sum += reads;
    }
  }
}
