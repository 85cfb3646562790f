const MAX_SECONDS = 7200;

/** Counts per second since a zero; the last two hours are kept. */
export class Seconds {
  /** Number of the second that stands first in `counts`. */
  first = 0;
  readonly counts: number[] = [];

  constructor(private zeroMs: number) {}

  add(nowMs: number): void {
    const place = this.placeFor(nowMs);
    this.counts[place] = (this.counts[place] ?? 0) + 1;
  }

  /** Fills up to the second of `nowMs`, so that seconds without calls count as such. */
  placeFor(nowMs: number): number {
    const second = Math.floor((nowMs - this.zeroMs) / 1000);
    while (this.first + this.counts.length <= second) this.append();
    return Math.max(0, second - this.first);
  }

  clear(zeroMs: number): void {
    this.zeroMs = zeroMs;
    this.first = 0;
    this.counts.length = 0;
  }

  private append(): void {
    this.counts.push(0);
    if (this.counts.length <= MAX_SECONDS) return;
    this.counts.splice(0, MAX_SECONDS / 2);
    this.first += MAX_SECONDS / 2;
  }
}
