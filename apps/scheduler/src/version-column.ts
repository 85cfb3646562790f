import type { Version } from '#core';
import { CELLS, Column } from './column.js';

const NONE = -1;

/** A version a slot, or none. */
export class VersionColumn {
  readonly #fence = new Column(CELLS.number, NONE);
  readonly #send = new Column(CELLS.number, NONE);

  reserve(slots: number): void {
    this.#fence.reserve(slots);
    this.#send.reserve(slots);
  }

  get(slot: number): Version | null {
    return this.isNone(slot) ? null : { fence: this.#fence.get(slot), send: this.#send.get(slot) };
  }

  isNone(slot: number): boolean {
    return this.#fence.get(slot) === NONE;
  }

  set(slot: number, { fence, send }: Version): void {
    this.#fence.set(slot, fence);
    this.#send.set(slot, send);
  }

  /** Newer wins. */
  raise(slot: number, version: Version): void {
    if (this.order(slot, version) > 0) this.set(slot, version);
  }

  clear(slot: number): void {
    this.#fence.clear(slot);
    this.#send.clear(slot);
  }

  /** Above 0: this version is newer than the slot's, or that has none; 0: it is the same call. */
  order(slot: number, { fence, send }: Version): number {
    return fence - this.#fence.get(slot) || send - this.#send.get(slot);
  }

  /** Whether the slot's version is at or below its mark. */
  isAtOrBelow(slot: number, mark: VersionColumn): boolean {
    if (mark.isNone(slot) || this.isNone(slot)) return false;
    const byFence = this.#fence.get(slot) - mark.#fence.get(slot);
    return byFence < 0 || (byFence === 0 && this.#send.get(slot) <= mark.#send.get(slot));
  }
}
