import { draw, logNormal, normal } from './chance.js';
import type { ChangesSpec } from './profile.js';

const CHANGES_PER_BLOCK = 8;
const RATE_WORD = 1;
const FROZEN_WORD = 2;
const INSTANT_WORD = 3;

/**
 * When items change of their own accord. Time is cut into blocks in which an item changes exactly eight times, at
 * uniformly drawn instants: within a block that is a Poisson process, and the version at any time is found without
 * walking through history. Version v begins at the v-th change after the origin.
 */
export class Changes {
  /** Of the item that was asked for last: it is asked for several times in a row. */
  private last = { id: NaN, meanMs: NaN, block: NaN, instants: [] as readonly number[] };

  constructor(
    private readonly seed: number,
    private readonly spec: ChangesSpec,
  ) {}

  /** Infinity for an item that never changes. */
  meanIntervalMs(id: number): number {
    if (id !== this.last.id) this.last = { id, meanMs: this.drawMeanMs(id), block: NaN, instants: [] };
    return this.last.meanMs;
  }

  private drawMeanMs(id: number): number {
    if (draw(this.seed, FROZEN_WORD, id) < this.spec.frozenShare) return Infinity;
    const gauss = normal(draw(this.seed, RATE_WORD, id, 0), draw(this.seed, RATE_WORD, id, 1));
    return Math.max(this.spec.minIntervalMs, logNormal(this.spec.medianIntervalMs, this.spec.sigma, gauss));
  }

  versionAt(id: number, elapsedMs: number): number {
    const blockMs = this.meanIntervalMs(id) * CHANGES_PER_BLOCK;
    if (blockMs === Infinity) return 0;
    const block = Math.floor(elapsedMs / blockMs);
    const passed = this.instantsOf(id, block, blockMs).filter((instant) => instant <= elapsedMs).length;
    return block * CHANGES_PER_BLOCK + passed;
  }

  /** Elapsed ms at which this version began; negative for what was there before the origin. */
  beganMs(id: number, version: number): number {
    const blockMs = this.meanIntervalMs(id) * CHANGES_PER_BLOCK;
    if (blockMs === Infinity) return version > 0 ? Infinity : 0;
    const block = Math.floor((version - 1) / CHANGES_PER_BLOCK);
    return this.instantsOf(id, block, blockMs)[version - 1 - block * CHANGES_PER_BLOCK] ?? 0;
  }

  private instantsOf(id: number, block: number, blockMs: number): readonly number[] {
    const { last } = this;
    if (last.id === id && last.block === block) return last.instants;
    const instants = this.drawInstants(id, block, blockMs);
    if (last.id === id) Object.assign(last, { block, instants });
    return instants;
  }

  private drawInstants(id: number, block: number, blockMs: number): number[] {
    const instants = Array.from({ length: CHANGES_PER_BLOCK }, (_, nth) => {
      return (block + draw(this.seed, INSTANT_WORD, id, block, nth)) * blockMs;
    });
    return instants.sort((a, b) => a - b);
  }
}
