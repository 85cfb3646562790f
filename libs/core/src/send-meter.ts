const BIN_MS = 50;
const BINS = 1_300;
export const METERED_MS = BIN_MS * (BINS - 1);

/** How many calls left when, over the last minute, less those that were refused: what the upstream took. Bins of 50 ms in a ring. */
export class SendMeter {
  readonly #bins = new Float64Array(BINS);
  #newest = 0;

  sent(nowMs: number, cost = 1): void {
    const bin = Math.floor(nowMs / BIN_MS);
    this.#turn(bin);
    if (bin > this.#newest - BINS) this.#add(bin, cost);
  }

  /** A call that left then was not taken. */
  refused(sentAtMs: number, cost = 1): void {
    const bin = Math.floor(sentAtMs / BIN_MS);
    if (bin > this.#newest - BINS && bin <= this.#newest) this.#add(bin, -cost);
  }

  /** What left from one time on until another; a bin that is cut counts in proportion. */
  within(fromMs: number, toMs: number): number {
    const from = fromMs / BIN_MS;
    const to = toMs / BIN_MS;
    let sum = 0;
    const last = Math.min(Math.floor(to), this.#newest);
    for (let bin = Math.max(Math.floor(from), this.#newest - BINS + 1); bin <= last; bin += 1) {
      const share = Math.min(to, bin + 1) - Math.max(from, bin);
      if (share > 0) sum += share * this.#at(bin);
    }
    return sum;
  }

  perSecond(toMs: number, forMs: number): number {
    return (1000 * this.within(toMs - forMs, toMs)) / forMs;
  }

  /** Each bin since then that is not empty, oldest first, at its end: later than true, never earlier. */
  runs(sinceMs: number, nowMs: number): (readonly [atMs: number, count: number])[] {
    const runs: (readonly [number, number])[] = [];
    for (let bin = Math.max(Math.floor(sinceMs / BIN_MS), this.#newest - BINS + 1); bin <= this.#newest; bin += 1) {
      const count = this.#at(bin);
      if (count > 0) runs.push([Math.min(nowMs, (bin + 1) * BIN_MS), count]);
    }
    return runs;
  }

  #turn(bin: number): void {
    if (bin <= this.#newest) return;
    if (bin - this.#newest >= BINS) this.#bins.fill(0);
    else for (let next = this.#newest + 1; next <= bin; next += 1) this.#bins[next % BINS] = 0;
    this.#newest = bin;
  }

  #add(bin: number, count: number): void {
    this.#bins[bin % BINS] = Math.max(0, this.#at(bin) + count);
  }

  #at(bin: number): number {
    return this.#bins[bin % BINS] ?? 0;
  }
}
