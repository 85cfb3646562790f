/** The time of the worlds of a run, in every process of it: all share the monotonic clock of the machine. Before they begin it is -1. */
export class WorldClock {
  private zero: bigint | undefined;

  /** As text: a message carries no bigint. */
  begin(zero: string): void {
    this.zero = BigInt(zero);
  }

  nowMs(): number {
    return this.zero === undefined ? -1 : Number(process.hrtime.bigint() - this.zero) / 1e6;
  }
}

export function zeroNow(): string {
  return String(process.hrtime.bigint());
}
