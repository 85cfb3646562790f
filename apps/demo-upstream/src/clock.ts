/** Time as the demo sees it: injected, so that a test can move it. */
export interface Clock {
  /** Never steps back; what the judge measures with. */
  monotonicMs(): number;
  /** Wall clock; what dates in fields are made of. */
  epochMs(): number;
}

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  epochMs: () => Date.now(),
};

/** A clock whose wall time is off by `skewMs`: vendors' clocks are, and their dates follow them. */
export function skewed(clock: Clock, skewMs: () => number): Clock {
  return { monotonicMs: () => clock.monotonicMs(), epochMs: () => clock.epochMs() + skewMs() };
}
