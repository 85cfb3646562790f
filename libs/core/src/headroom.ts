const LATE_MS = 12;
const IN_TIME_MS = 6;
const SHRINK = 0.75;
const GROW = 1.1;
const LEAST = 4;

/**
 * How many background calls may be in flight while the process itself is short of time. What the limits let through can be more than one
 * event loop handles; whatever is then in flight stands before a user's answer, so that a full house of 256 calls costs that user as many
 * turns. Told how late the loop is, it finds the number that keeps the loop busy and no later than a few milliseconds: less by a quarter when
 * it is late, a tenth more when it is in time and the number is what binds (additive increase would take minutes from 4 to 256).
 */
export class Headroom {
  #most = Infinity;

  /** @param lateMs by how much the turns of the loop were late in the mean since it was last told */
  seen(lateMs: number, inFlight: number): void {
    if (lateMs > LATE_MS) this.#most = Math.max(LEAST, Math.floor(Math.min(this.#most, inFlight) * SHRINK));
    else if (lateMs < IN_TIME_MS && inFlight >= this.#most) this.#most = Math.ceil(this.#most * GROW);
  }

  /** Nobody waits: the process may be as late as it likes. */
  lift(): void {
    this.#most = Infinity;
  }

  /** Background calls that may be in flight. */
  get most(): number {
    return this.#most;
  }
}
