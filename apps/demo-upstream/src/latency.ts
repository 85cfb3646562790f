import { logNormal, normal, sequence } from './chance.js';
import type { LatencySpec } from './profile.js';

const LATENCY_STREAM = 21;
/** How many standard deviations the 99th percentile lies above the median. */
const Z99 = 2.326;

/** Service times, log-normal through the profile's median and 99th percentile. */
export function latencies(seed: number, spec: () => LatencySpec): () => number {
  const next = sequence(seed, LATENCY_STREAM);
  return () => {
    const { p50Ms, p99Ms } = spec();
    if (p50Ms === 0) return 0;
    const sigma = Math.log(Math.max(1, p99Ms / p50Ms)) / Z99;
    return Math.round(logNormal(p50Ms, sigma, normal(next(), next())));
  };
}
