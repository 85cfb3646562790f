import Bottleneck from 'bottleneck';
import { UNSAID_WAIT_MS } from './answers.js';
import type { Peer } from './peer.js';

class Throttled extends Error {
  constructor(readonly waitMs: number) {
    super('throttled');
  }
}

/** The reservoir where the limit is known, and the documented way to retry: the answer of the event `failed` is the wait. */
export const bottleneck: Peer = async ({ call, concurrency, known, signal }) => {
  const reservoir =
    known === undefined
      ? {}
      : {
          reservoir: known.limit,
          reservoirRefreshAmount: known.limit,
          reservoirRefreshInterval: known.perMs,
        };
  const limiter = new Bottleneck({ maxConcurrent: concurrency, ...reservoir });
  limiter.on('failed', (error: unknown) => (error instanceof Throttled && !signal.aborted ? error.waitMs : undefined));
  const job = async (): Promise<void> => {
    if (signal.aborted) return;
    const outcome = await call();
    if (outcome.kind === 'throttled') throw new Throttled(outcome.waitMs ?? UNSAID_WAIT_MS);
  };
  // Always more jobs than may run: an endless backlog without an endless queue.
  const feeder = async (): Promise<void> => {
    while (!signal.aborted) await limiter.schedule(job).catch(() => undefined);
  };
  const feeding = Array.from({ length: concurrency * 2 }, feeder);
  signal.addEventListener('abort', () => void limiter.stop({ dropWaitingJobs: true }).catch(() => undefined));
  await Promise.race([Promise.all(feeding), ended(signal)]);
};

/** Jobs that wait for their retry end with the limiter; nobody waits for them. */
function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
}
