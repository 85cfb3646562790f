const WINDOW_MS = 30_000;
const BINS = 30;
const BIN_MS = WINDOW_MS / BINS;

/**
 * Keeps failures from multiplying load: in any 30 s, retries are at most `ratio` of the first sends. So that a quiet upstream may retry
 * at all, a floor of min(1/s, 2 % of the permitted rate) is granted, and always one.
 */
export class RetryBudget {
  readonly #sent = new Float64Array(BINS);
  readonly #retried = new Float64Array(BINS);
  #sentTotal = 0;
  #retriedTotal = 0;
  #bin = 0;

  constructor(private readonly ratio: number) {}

  /** A first send. */
  sent(nowMs: number): void {
    this.#turn(nowMs);
    this.#count(this.#sent, 1);
    this.#sentTotal += 1;
  }

  /** A call that a throttle refused leaves again. It costs quota as a retry does, and is never refused: its deadline bounds it. */
  charge(nowMs: number): void {
    this.#turn(nowMs);
    this.#count(this.#retried, 1);
    this.#retriedTotal += 1;
  }

  /** Pays for one retry, or answers false. */
  spend(permittedPerSecond: number, nowMs: number): boolean {
    this.#turn(nowMs);
    const floor = Math.max(1, (Math.min(1, 0.02 * permittedPerSecond) * WINDOW_MS) / 1000);
    if (this.#retriedTotal + 1 > Math.max(floor, this.ratio * this.#sentTotal)) return false;
    this.charge(nowMs);
    return true;
  }

  #count(bins: Float64Array, by: number): void {
    const at = this.#bin % BINS;
    bins[at] = (bins[at] ?? 0) + by;
  }

  #turn(nowMs: number): void {
    const bin = Math.floor(nowMs / BIN_MS);
    const steps = Math.min(BINS, bin - this.#bin);
    for (let step = 1; step <= steps; step += 1) {
      const at = (bin - steps + step) % BINS;
      this.#sentTotal -= this.#sent[at] ?? 0;
      this.#retriedTotal -= this.#retried[at] ?? 0;
      this.#sent[at] = 0;
      this.#retried[at] = 0;
    }
    if (steps > 0) this.#bin = bin;
  }
}

export function createRetryBudget(ratio: number): RetryBudget {
  return new RetryBudget(ratio);
}
