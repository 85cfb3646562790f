/** A wait that ends by itself, or as soon as somebody rings. A ring that nobody waits for is kept for the next wait. */
export class Bell {
  private rung = false;
  private wake: (() => void) | null = null;

  ring(): void {
    this.rung = true;
    this.wake?.();
  }

  /** @returns whether it was rung. */
  async wait(longestMs: number): Promise<boolean> {
    if (!this.rung && longestMs > 0) await this.untilRungOr(longestMs);
    const { rung } = this;
    this.rung = false;
    return rung;
  }

  private untilRungOr(longestMs: number): Promise<void> {
    return new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, longestMs);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    }).then(() => {
      this.wake = null;
    });
  }
}
