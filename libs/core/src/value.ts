/** What decides how much a refresh is worth. Nothing here is wall time: elapsed times are seconds since the last fetch. */
export interface Worth {
  /** How often it is asked for, in any unit that is the same for all that compete; 0: by nobody. */
  readonly weight: number;
  /** Calls of quota that one refresh takes, in the mean. */
  readonly cost: number;
  /** Changes per second (Poisson). */
  readonly changeRate: number;
}

/** One change in 30 days: what never changed while it was watched may still do so, and is looked at now and then. */
const LEAST_CHANGE_RATE = 1 / (30 * 86_400);
/** Beyond this no refresh keeps anything fresh for a noticeable time. */
const MOST_CHANGE_RATE = 1_000;
/** Where a 304 costs no quota the call still takes a connection; without a floor it would be made without end. */
const LEAST_COST = 0.01;

/** Below, 1 − (1 + x)e^(−x) loses digits to cancellation, while eight terms of its series are exact to 1e-13. */
const SERIES_BELOW = 0.05;
/** From here on nothing is left of (1 + x)e^(−x) in a double. */
const GAIN_FULL_FROM = 45;
const MOST_STEPS = 8;
const EXACT_ENOUGH = 1e-13;

export function clampedChangeRate(changeRate: number): number {
  // NaN, too, becomes the least.
  return changeRate > LEAST_CHANGE_RATE ? Math.min(changeRate, MOST_CHANGE_RATE) : LEAST_CHANGE_RATE;
}

export function clampedCost(cost: number): number {
  return cost > LEAST_COST ? cost : LEAST_COST;
}

/**
 * w/(cλ): what a refresh is worth of which it is known that it will bring something else (x → ∞); also the most that waiting can make of
 * one. Freshness gained, weighted by demand, per call.
 */
export function staleValueOf({ weight, cost, changeRate }: Worth): number {
  // A weight below 0, or NaN, is nobody's demand.
  return weight > 0 ? weight / (clampedCost(cost) * clampedChangeRate(changeRate)) : 0;
}

/**
 * What a refresh is worth now: `(w/(cλ)) · [1 − (1 + x)e^(−x)]`, x = λ · elapsed. It is the derivative of demand-weighted freshness by the
 * refresh frequency at the frequency 1/elapsed, so whoever always refreshes the greatest keeps all kept resources at the same marginal
 * worth: the optimum of Cho and Garcia-Molina (2003), found without solving for it. DESIGN section 7.
 *
 * @param elapsedS seconds since the last fetch; Infinity: never fetched
 */
export function valueOf(worth: Worth, elapsedS: number): number {
  return staleValueOf(worth) * gainAt(clampedChangeRate(worth.changeRate) * elapsedS);
}

/** Seconds since the last fetch at which the value reaches the threshold; Infinity: it never does. The inverse of `valueOf`. */
export function elapsedForValue(worth: Worth, threshold: number): number {
  if (!(threshold > 0)) return 0;
  const most = staleValueOf(worth);
  return most > threshold ? elapsedForGain(threshold / most) / clampedChangeRate(worth.changeRate) : Infinity;
}

/** 1 − (1 + x)e^(−x): from 0 to 1, rising. */
export function gainAt(x: number): number {
  if (!(x > 0)) return 0;
  if (x < SERIES_BELOW) {
    const terms = 1 / 2 + x * (-1 / 3 + x * (1 / 8 + x * (-1 / 30 + x * (1 / 144 + x * (-1 / 840 + x / 5760)))));
    return x * x * terms;
  }
  return x < GAIN_FULL_FROM ? 1 - (1 + x) * Math.exp(-x) : 1;
}

/** The x at which `gainAt(x)` is y; Infinity from 1 on. */
export function elapsedForGain(y: number): number {
  if (!(y > 0)) return 0;
  if (y >= 1) return Infinity;
  return y < 0.5 ? fromBelow(y) : fromAbove(y);
}

/** Newton's steps from the series of the inverse (Lambert's W₋₁ near its branch point; Corless et al. 1996, formula 4.22). */
function fromBelow(y: number): number {
  const s = Math.sqrt(2 * y);
  let x = s * (1 + s * (1 / 3 + s * (11 / 72 + s * (43 / 540 + s * (769 / 17_280 + (s * 221) / 8_505)))));
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const by = (gainAt(x) - y) / (x * Math.exp(-x));
    x -= by;
    if (Math.abs(by) <= EXACT_ENOUGH * x) break;
  }
  return x;
}

/** Newton's steps on x − ln(1 + x) = −ln(1 − y), which is nearly straight where 1 − (1 + x)e^(−x) is nearly flat. */
function fromAbove(y: number): number {
  const level = -Math.log1p(-y);
  let x = level + Math.log(1 + level + Math.log(1 + level));
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const by = ((x - Math.log1p(x) - level) * (1 + x)) / x;
    x -= by;
    if (Math.abs(by) <= EXACT_ENOUGH * x) break;
  }
  return x;
}
