/** A stall is caught up, but not so fast that a limit by the second is exceeded. */
const MOST_BEHIND_MS = 40;

/** So many calls a second, evenly spread. */
export class Allotment {
  private owedMs: number;

  constructor(
    private readonly perSecond: number,
    startMs: number,
  ) {
    this.owedMs = startMs;
  }

  /** How many are due since it was asked last. */
  due(nowMs: number): number {
    this.owedMs = Math.max(this.owedMs, nowMs - MOST_BEHIND_MS);
    const count = Math.floor(((nowMs - this.owedMs) * this.perSecond) / 1000);
    this.owedMs += (count * 1000) / this.perSecond;
    return count;
  }
}
