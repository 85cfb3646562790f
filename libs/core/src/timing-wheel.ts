const TICK_MS = 250;
/** 68 minutes; what is due later is looked at once a turn. */
const TICKS = 16_384;
const NONE = -1;

/**
 * Slots by the time at which they are to be looked at: a ring of buckets, each a doubly linked list through two typed arrays, so that a slot
 * comes and goes in constant time and nothing is allocated (Varghese and Lauck 1987, scheme 4). A slot may come up to one tick early, and
 * once a turn of the wheel; never late.
 */
export class TimingWheel {
  readonly #heads = new Int32Array(TICKS).fill(NONE);
  #next = new Int32Array(0);
  /** The one before; below 0: it is the first of bucket −1 − before. */
  #before = new Int32Array(0);
  #nextTick = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** There is room for slots from 0 up to this. */
  grow(length: number): void {
    const wider = (narrow: Int32Array): Int32Array<ArrayBuffer> => {
      const wide = new Int32Array(length);
      wide.set(narrow);
      return wide;
    };
    this.#next = wider(this.#next);
    this.#before = wider(this.#before);
  }

  /** @param dueMs epoch ms; one that is past comes with the next `drain` */
  add(slot: number, dueMs: number, nowMs: number): void {
    if (this.#size === 0) this.#nextTick = Math.floor(nowMs / TICK_MS);
    const tick = Math.min(Math.max(Math.floor(dueMs / TICK_MS), this.#nextTick), this.#nextTick + TICKS - 1);
    const bucket = tick % TICKS;
    const head = this.#heads[bucket] ?? NONE;
    this.#next[slot] = head;
    this.#before[slot] = -1 - bucket;
    if (head !== NONE) this.#before[head] = slot;
    this.#heads[bucket] = slot;
    this.#size += 1;
  }

  remove(slot: number): void {
    const next = this.#next[slot] ?? NONE;
    const before = this.#before[slot] ?? 0;
    if (before < 0) this.#heads[-1 - before] = next;
    else this.#next[before] = next;
    if (next !== NONE) this.#before[next] = before;
    this.#size -= 1;
  }

  /** Takes out all that are due, or that come round; `visit` may add them again. */
  drain(nowMs: number, visit: (slot: number) => void): void {
    const nowTick = Math.floor(nowMs / TICK_MS);
    // After a step back of the clock a bucket holds what it held: at worst something comes early.
    const from = Math.max(Math.min(this.#nextTick, nowTick), nowTick - TICKS + 1);
    // The tick that it is now is not over: what is added for the rest of it comes with the next drain.
    this.#nextTick = nowTick;
    for (let tick = from; tick <= nowTick; tick += 1) this.#empty(tick % TICKS, visit);
  }

  #empty(bucket: number, visit: (slot: number) => void): void {
    let slot = this.#heads[bucket] ?? NONE;
    this.#heads[bucket] = NONE;
    while (slot !== NONE) {
      const next = this.#next[slot] ?? NONE;
      this.#size -= 1;
      visit(slot);
      slot = next;
    }
  }
}
