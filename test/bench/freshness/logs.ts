import type { CallLog, ReadLog } from './judge.js';

const FIRST_ROOM = 65_536;

/** Grows as it is written; what is told of it is a copy. */
export class LogBook {
  private atMs = new Float64Array(FIRST_ROOM);
  private items = new Int32Array(FIRST_ROOM);
  private versions = new Int32Array(FIRST_ROOM);
  private count = 0;

  get size(): number {
    return this.count;
  }

  add(atMs: number, item: number, version: number): void {
    if (this.count === this.atMs.length) this.grow();
    this.atMs[this.count] = atMs;
    this.items[this.count] = item;
    this.versions[this.count] = version;
    this.count += 1;
  }

  calls(): CallLog {
    return { atMs: this.atMs.slice(0, this.count), items: this.items.slice(0, this.count) };
  }

  reads(): ReadLog {
    return { ...this.calls(), versions: this.versions.slice(0, this.count) };
  }

  private grow(): void {
    const room = this.count * 2;
    const longer = <T extends Float64Array | Int32Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.atMs = longer(this.atMs, new Float64Array(room));
    this.items = longer(this.items, new Int32Array(room));
    this.versions = longer(this.versions, new Int32Array(room));
  }
}
