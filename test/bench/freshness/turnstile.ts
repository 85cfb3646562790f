const PER_MS = 1_000;
/** Calls that left a second apart may arrive a little closer: whoever keeps the limit is not to be refused for that. */
const SLACK = 0.05;

/** So many calls in any second, and a few that came early. */
export class Turnstile {
  private readonly arrivals: Float64Array;
  private next = 0;

  constructor(perSecond: number) {
    this.arrivals = new Float64Array(Math.ceil(perSecond * (1 + SLACK)) + 1).fill(-Infinity);
  }

  /** A refused call does not count. */
  admits(nowMs: number): boolean {
    if (nowMs - (this.arrivals[this.next] ?? -Infinity) < PER_MS) return false;
    this.arrivals[this.next] = nowMs;
    this.next = (this.next + 1) % this.arrivals.length;
    return true;
  }
}
