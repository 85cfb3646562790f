import { freshnessAt } from './optimal-rates.js';

/** Probabilists' Gauss-Hermite quadrature with seven nodes: exact for polynomials up to the thirteenth degree. */
const NODES = [0, 1.154405394739968, 2.366759410734541, 3.750439717725742] as const;
const WEIGHTS = [0.4571428571428571, 0.2401231786050127, 0.03075712396758651, 5.48268855972218e-4] as const;

export interface Spread {
  readonly mean: number;
  /** Standard deviation. */
  readonly error: number;
}

/**
 * `freshnessAt` where the changes between two refreshes, `x` in the median, are known but for a factor. What looks as if it changed less often
 * than it does is given too few calls, so that the mean lies below what the median promises.
 *
 * @param rateError standard deviation of the factor's natural logarithm
 */
export function freshnessAround(x: number, rateError: number): Spread {
  if (rateError <= 0 || x === Infinity) return { mean: freshnessAt(x), error: 0 };
  let mean = 0;
  let square = 0;
  for (let node = 0; node < NODES.length; node += 1) {
    const away = Math.exp(rateError * (NODES[node] ?? 0));
    const weight = WEIGHTS[node] ?? 0;
    const less = freshnessAt(x * away);
    const more = node === 0 ? 0 : freshnessAt(x / away);
    mean += weight * (less + more);
    square += weight * (less * less + more * more);
  }
  return { mean, error: Math.sqrt(Math.max(0, square - mean * mean)) };
}
