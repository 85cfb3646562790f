import { setTimeout as sleep } from 'node:timers/promises';
import { UNSAID_WAIT_MS } from './answers.js';
import type { Peer } from './peer.js';

/** On a throttle everybody waits as long as was told, then goes on at full speed. A known limit is counted in spans from the first call on. */
export const pauseFullSpeed: Peer = async ({ call, concurrency, known, signal }) => {
  let pausedUntilMs = 0;
  const counter = known === undefined ? undefined : new SpanCounter(known);
  const worker = async (): Promise<void> => {
    while (!signal.aborted) {
      const nowMs = performance.now();
      const waitMs = pausedUntilMs > nowMs ? pausedUntilMs - nowMs : (counter?.take(nowMs) ?? 0);
      if (waitMs > 0) {
        await sleep(waitMs, undefined, { signal }).catch(() => undefined);
        continue;
      }
      const outcome = await call();
      if (outcome.kind === 'throttled')
        pausedUntilMs = Math.max(pausedUntilMs, performance.now() + (outcome.waitMs ?? UNSAID_WAIT_MS));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
};

/** So many a span, the spans end to end from the first call on. */
export class SpanCounter {
  private startedMs: number | undefined;
  private span = -1;
  private taken = 0;

  constructor(private readonly known: { limit: number; perMs: number }) {}

  /** 0: taken. Else the time until the next span. */
  take(nowMs: number): number {
    const { limit, perMs } = this.known;
    this.startedMs ??= nowMs;
    const span = Math.floor((nowMs - this.startedMs) / perMs);
    if (span !== this.span) this.taken = 0;
    this.span = span;
    if (this.taken >= limit) return this.startedMs + (span + 1) * perMs - nowMs;
    this.taken += 1;
    return 0;
  }
}
