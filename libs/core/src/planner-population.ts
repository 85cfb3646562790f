/*
 * Resources as one may assume them before anything was seen: how often they change, and how often they are asked for, independent of each other.
 */

export interface AssumedRates {
  readonly resources: number;
  /** Seconds between two changes, in the median. */
  readonly everyS: number;
  /** Standard deviation of the rates' natural logarithm; 0: all change alike. */
  readonly spread: number;
  /** Which of them changes how often; the same seed, the same resources. */
  readonly seed: number;
}

/**
 * Changes per second of each: the quantiles of a log-normal distribution in an order of their own, so that no draw is a lucky one.
 */
export function logNormalRates({ resources, everyS, spread, seed }: AssumedRates): Float64Array {
  const rates = Float64Array.from({ length: resources }, (_, i) => {
    return Math.exp(spread * normalQuantile((i + 0.5) / resources)) / everyS;
  });
  return shuffled(rates, seed);
}

/** Shares of the reads by Zipf's law: the n-th is asked for 1/n times as often as the first. */
export function zipfOf(resources: number): Float64Array {
  const shares = Float64Array.from({ length: resources }, (_, i) => 1 / (i + 1));
  const all = shares.reduce((sum, share) => sum + share, 0);
  return shares.map((share) => share / all);
}

/** Fisher and Yates, with a generator of our own: chance that is the same everywhere. */
function shuffled(values: Float64Array, seed: number): Float64Array {
  const next = mulberry32(seed);
  for (let i = values.length - 1; i > 0; i -= 1) {
    const j = Math.floor(next() * (i + 1));
    [values[i], values[j]] = [values[j] ?? 0, values[i] ?? 0];
  }
  return values;
}

/** Tommy Ettinger's mulberry32 (public domain). */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Acklam's approximation of the inverse of the normal distribution: wrong by 1.2e-9 of itself at most. */
export function normalQuantile(p: number): number {
  if (p < TAIL) return tail(Math.sqrt(-2 * Math.log(p)));
  if (p > 1 - TAIL) return -tail(Math.sqrt(-2 * Math.log(1 - p)));
  const q = p - 0.5;
  return (q * polynomial(MIDDLE_ABOVE, q * q)) / polynomial(MIDDLE_BELOW, q * q);
}

const TAIL = 0.02425;
const MIDDLE_ABOVE = [
  -3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2, -3.066479806614716e1,
  2.506628277459239,
];
const MIDDLE_BELOW = [
  -5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1, -1.328068155288572e1, 1,
];
const TAIL_ABOVE = [
  -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734, 4.374664141464968,
  2.938163982698783,
];
const TAIL_BELOW = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1];

function tail(q: number): number {
  return polynomial(TAIL_ABOVE, q) / polynomial(TAIL_BELOW, q);
}

function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
}
