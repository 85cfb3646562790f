/** When each item was last read by a GET that was let in, and how often. */
export class Fetches {
  private readonly lastAt: Float64Array;
  private readonly counts: Uint32Array;

  constructor(items: number) {
    this.lastAt = new Float64Array(items + 1);
    this.counts = new Uint32Array(items + 1);
  }

  add(id: number, nowAt: number): void {
    this.lastAt[id] = nowAt;
    this.counts[id] = (this.counts[id] ?? 0) + 1;
  }

  lastFetchedAt(id: number): number | null {
    return this.lastAt[id] || null;
  }

  count(id: number): number {
    return this.counts[id] ?? 0;
  }

  /** Only the counts: when an item was last read stays true. */
  clearCounts(): void {
    this.counts.fill(0);
  }
}
