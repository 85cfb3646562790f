import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface LoopLateness {
  /** By how many milliseconds the turns of this process's event loop were late in the mean, since it was last asked. */
  takeMs(): number;
  stop(): void;
}

const RESOLUTION_MS = 5;

/** Measured by a timer inside Node, which costs next to nothing. */
export function watchLoopLateness(): LoopLateness {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  return {
    takeMs() {
      const meanMs = delays.count === 0 ? 0 : delays.mean / 1e6;
      delays.reset();
      return Math.max(0, meanMs - RESOLUTION_MS);
    },
    stop: () => void delays.disable(),
  };
}
