import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** One call as the upstream saw it. Times on its own clock. */
export interface Arrival {
  readonly atMs: number;
  /** Which dispatcher: each has a credential of its own. */
  readonly from: string;
  readonly inFlight: number;
  readonly kind: 'ordinary' | 'throttled' | 'violation';
}

export interface JudgeLimits {
  /** In any second. */
  readonly limit: number;
  readonly concurrency: number;
}

export interface FailoverJudge {
  readonly port: number;
  readonly arrivals: readonly Arrival[];
  nowMs(): number;
  inFlight(): number;
  /** How late it may have stamped an arrival since this was last asked. */
  takeLatenessMs(): number;
  close(): Promise<void>;
}

const PER_MS = 1_000;
const PAUSE_S = 1;
const SLOW_EVERY = 10;
const SLOW_MS = 1_500;
const QUICK_MS = 50;
/** Told apart from a stamp that was late: a quarter of the second holder's worth of calls is far more. */
const OVERLOOKED_MS = 100;
/** The answer to the first throttle has to reach the other side. */
const HEARD_AFTER_MS = 100;
const NANOS_PER_MS = 1e6;

/**
 * An upstream that keeps a log of who called when, and limits what it is told to. Every tenth call takes 1.5 s, and it works on when the
 * caller is gone, as real ones do: the calls of a dead holder go on counting.
 */
export async function startJudge({ limit, concurrency }: JudgeLimits): Promise<FailoverJudge> {
  const arrivals: Arrival[] = [];
  let open = 0;
  let pausedUntilMs = 0;
  let throttledAtMs = 0;
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const nowMs = (): number => performance.timeOrigin + performance.now();
  const isFull = (atMs: number): boolean => {
    const before = arrivals.at(-limit);
    return open > concurrency || (before !== undefined && before.atMs > atMs - (PER_MS - OVERLOOKED_MS));
  };
  const kindOf = (atMs: number): Arrival['kind'] => {
    if (atMs < pausedUntilMs) return atMs > throttledAtMs + HEARD_AFTER_MS ? 'violation' : 'throttled';
    return isFull(atMs) ? 'throttled' : 'ordinary';
  };
  const arrive = (request: IncomingMessage, response: ServerResponse): void => {
    const atMs = nowMs();
    open += 1;
    const kind = kindOf(atMs);
    if (kind !== 'ordinary' && atMs >= pausedUntilMs) [pausedUntilMs, throttledAtMs] = [atMs + PAUSE_S * 1_000, atMs];
    arrivals.push({ atMs, from: request.headers.authorization ?? '', inFlight: open, kind });
    request.resume();
    const isSlow = kind === 'ordinary' && arrivals.length % SLOW_EVERY === 0;
    setTimeout(
      () => {
        open -= 1;
        answer(response, kind, request.url ?? '');
      },
      isSlow ? SLOW_MS : QUICK_MS,
    );
  };
  const server = createServer(arrive);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    arrivals,
    nowMs,
    inFlight: () => open,
    takeLatenessMs() {
      const mostMs = delay.max / NANOS_PER_MS;
      delay.reset();
      return mostMs;
    },
    async close() {
      delay.disable();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(response: ServerResponse, kind: Arrival['kind'], path: string): void {
  if (kind === 'ordinary') {
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'max-age=2' });
    response.end(JSON.stringify({ path }));
  } else {
    response.writeHead(429, { 'retry-after': String(PAUSE_S) });
    response.end();
  }
}
