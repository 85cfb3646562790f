import type { Caller } from './callers.js';

/**
 * What a team writes first: a walk over all resources, one every maxAge / items, with a cap on what is under way. At the cap the
 * walk lags; it does not catch up.
 */
export class Poller {
  private item = 0;
  private open = 0;
  private isOver = false;
  private dueMs = performance.now();

  constructor(
    private readonly call: Caller,
    private readonly of: { items: number; maxAgeMs: number; concurrency: number },
  ) {
    this.walk();
  }

  finish(): void {
    this.isOver = true;
  }

  private walk(): void {
    const stepMs = this.of.maxAgeMs / this.of.items;
    const nowMs = performance.now();
    while (!this.isOver && this.dueMs <= nowMs && this.open < this.of.concurrency) {
      this.poll();
      this.dueMs += stepMs;
    }
    if (this.open >= this.of.concurrency) this.dueMs = Math.max(this.dueMs, nowMs);
    if (!this.isOver) setTimeout(() => this.walk(), Math.max(1, this.dueMs - nowMs));
  }

  private poll(): void {
    this.item = (this.item % this.of.items) + 1;
    this.open += 1;
    void this.call({ method: 'GET', path: `/items/${this.item}`, headers: {} }).then(() => (this.open -= 1));
  }
}
