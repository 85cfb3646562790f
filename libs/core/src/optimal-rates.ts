import { clampedChangeRate, clampedCost, elapsedForGain } from './value.js';

/** Resources that compete for one budget, a column each; all of one length. */
export interface Population {
  /** How often each is asked for; only the shares matter. */
  readonly weight: Float64Array;
  /** Calls of quota that one refresh takes. */
  readonly cost: Float64Array;
  /** Changes per second. */
  readonly changeRate: Float64Array;
}

export interface OptimalRates {
  /** Refreshes per second of each; 0: not worth a call. */
  readonly frequency: Float64Array;
  /** Demand-weighted share of the time in which what is stored is what the upstream has: 0 to 1. */
  readonly freshness: number;
  /** How many are refreshed at all. */
  readonly kept: number;
  /** Freshness gained per further call a second; 0 where the budget has no bound. */
  readonly marginalWorth: number;
  readonly callsPerSecond: number;
}

const EXACT_ENOUGH = 1e-10;
const MOST_STRAIGHT_STEPS = 24;
/** Of log μ. */
const NARROW_ENOUGH = 1e-14;

/**
 * The regular refresh frequencies that make demand-weighted freshness as high as a budget allows (Cho and Garcia-Molina 2003, "Effective
 * page refresh policies for web crawlers"): all that are refreshed have the same marginal worth μ = (w/(cλ)) · [1 − (1 + r)e^(−r)],
 * r = λ/f; those which cannot reach μ are not refreshed. The search is for the μ at which Σ c·f is the budget.
 *
 * @param callsPerSecond the budget; each refresh takes `cost` of it
 */
export function optimalRates(population: Population, callsPerSecond: number): OptimalRates {
  const total = totalWeight(population);
  if (!(callsPerSecond > 0) || !(total > 0)) return notRefreshed(population);
  const spentAt = (worth: number): number => spend(population, worth).calls;
  const crossing = crossingOf(spentAt, callsPerSecond, greatestWorth(population));
  return { ...ratesAt(population, crossing, callsPerSecond), callsPerSecond };
}

/**
 * The calls per second with which the optimum reaches a demand-weighted freshness.
 *
 * @param freshness 0 to 1; Infinity calls from 1 on: between two calls anything may change
 */
export function callsForFreshness(population: Population, freshness: number): number {
  const total = totalWeight(population);
  if (!(freshness > 0) || !(total > 0)) return 0;
  if (freshness >= 1) return Infinity;
  // In shares that are missing: near 1 they differ by magnitudes where the freshness itself hardly does.
  const missingAt = (worth: number): number => 1 / (1 - spend(population, worth).fresh / total);
  const { low, high } = crossingOf(missingAt, 1 / (1 - freshness), greatestWorth(population));
  const [more, less] = [spend(population, low), spend(population, high)];
  const share = low === high ? 1 : (freshness * total - less.fresh) / (more.fresh - less.fresh);
  return less.calls + share * (more.calls - less.calls);
}

/** Round robin: each as often as any other, within the budget. */
export function evenRates({ cost }: Population, callsPerSecond: number): Float64Array {
  let round = 0;
  for (let i = 0; i < cost.length; i += 1) round += clampedCost(cost[i] ?? 1);
  return new Float64Array(cost.length).fill(round > 0 ? Math.max(0, callsPerSecond) / round : 0);
}

/** The calls per second with which round robin reaches a demand-weighted freshness. */
export function callsForFreshnessEvenly(population: Population, freshness: number): number {
  if (!(freshness > 0) || !(totalWeight(population) > 0)) return 0;
  if (freshness >= 1) return Infinity;
  // Against the time between two calls, which falls where the calls rise.
  const missingAt = (secondsPerCall: number): number =>
    1 / (1 - weightedFreshness(population, evenRates(population, 1 / secondsPerCall)));
  return 1 / crossingOf(missingAt, 1 / (1 - freshness), 1).low;
}

/**
 * Demand-weighted freshness when each is refreshed regularly: Σ w·(f/λ)(1 − e^(−λ/f)) / Σ w.
 *
 * @param frequency refreshes per second of each
 */
export function weightedFreshness({ weight, changeRate }: Population, frequency: Float64Array): number {
  let fresh = 0;
  let total = 0;
  for (let i = 0; i < weight.length; i += 1) {
    const w = weight[i] ?? 0;
    if (!(w > 0)) continue;
    total += w;
    const f = frequency[i] ?? 0;
    if (f > 0) fresh += w * freshnessAt(clampedChangeRate(changeRate[i] ?? 0) / f);
  }
  return total > 0 ? fresh / total : 0;
}

/** Share of the time in which one is fresh that is refreshed regularly; r: changes between two refreshes, in the mean. */
export function freshnessAt(r: number): number {
  return r > 0 ? -Math.expm1(-r) / r : 1;
}

function notRefreshed({ weight }: Population): OptimalRates {
  const marginalWorth = Infinity;
  return { frequency: new Float64Array(weight.length), freshness: 0, kept: 0, marginalWorth, callsPerSecond: 0 };
}

function totalWeight({ weight }: Population): number {
  let total = 0;
  for (let i = 0; i < weight.length; i += 1) total += Math.max(0, weight[i] ?? 0);
  return total;
}

/** w/(cλ) of the best: nobody is refreshed at this marginal worth or above. */
function greatestWorth({ weight, cost, changeRate }: Population): number {
  let greatest = 0;
  for (let i = 0; i < weight.length; i += 1) {
    const worth = (weight[i] ?? 0) / (clampedCost(cost[i] ?? 1) * clampedChangeRate(changeRate[i] ?? 0));
    if (worth > greatest) greatest = worth;
  }
  return greatest;
}

/** Calls per second, and weight that is fresh, at one marginal worth. */
function spend({ weight, cost, changeRate }: Population, worth: number): { calls: number; fresh: number } {
  let calls = 0;
  let fresh = 0;
  for (let i = 0; i < weight.length; i += 1) {
    const w = weight[i] ?? 0;
    const c = clampedCost(cost[i] ?? 1);
    const rate = clampedChangeRate(changeRate[i] ?? 0);
    const y = (worth * c * rate) / w;
    if (!(y < 1) || w <= 0) continue;
    const r = elapsedForGain(y);
    calls += (c * rate) / r;
    fresh += w * freshnessAt(r);
  }
  return { calls, fresh };
}

function ratesAt(
  population: Population,
  { low, high }: Crossing,
  callsPerSecond: number,
): Pick<OptimalRates, 'frequency' | 'freshness' | 'kept' | 'marginalWorth'> {
  const { weight, changeRate } = population;
  const frequency = frequenciesAt(population, low);
  if (low !== high) {
    const fewer = frequenciesAt(population, high);
    const [more, less] = [spend(population, low).calls, spend(population, high).calls];
    const share = (callsPerSecond - less) / (more - less);
    for (let i = 0; i < frequency.length; i += 1)
      frequency[i] = (fewer[i] ?? 0) + share * ((frequency[i] ?? 0) - (fewer[i] ?? 0));
  }
  let [fresh, kept] = [0, 0];
  for (let i = 0; i < frequency.length; i += 1) {
    const f = frequency[i] ?? 0;
    if (!(f > 0)) continue;
    fresh += (weight[i] ?? 0) * freshnessAt(clampedChangeRate(changeRate[i] ?? 0) / f);
    kept += 1;
  }
  const total = totalWeight(population);
  return { frequency, freshness: fresh / total, kept, marginalWorth: low / total };
}

function frequenciesAt({ weight, cost, changeRate }: Population, worth: number): Float64Array {
  const frequency = new Float64Array(weight.length);
  for (let i = 0; i < weight.length; i += 1) {
    const w = weight[i] ?? 0;
    const rate = clampedChangeRate(changeRate[i] ?? 0);
    const y = (worth * clampedCost(cost[i] ?? 1) * rate) / w;
    if (w > 0 && y < 1) frequency[i] = rate / elapsedForGain(y);
  }
  return frequency;
}

/**
 * Between which two neighbouring points a function falls below the target: the same one twice where it has the target there. Where tens of
 * changes come between two calls no double tells one μ from the next, so that the calls of one resource jump: what lies between is mixed.
 */
interface Crossing {
  readonly low: number;
  readonly high: number;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * Where a falling function meets `target`, by regula falsi in logarithms (Illinois), in which both Σ c·f and the share that is fresh are
 * nearly straight in μ: some eight evaluations where bisection takes forty, and each is a pass over everything.
 *
 * @param from any positive point: the search for two points around the crossing begins there
 */
function crossingOf(at: (x: number) => number, target: number, from: number): Crossing {
  const pointAt = (x: number): Point => {
    const value = at(Math.exp(x));
    return { x, y: value > 0 ? Math.log(value / target) : -Infinity };
  };
  let right = pointAt(Math.log(from));
  for (let step = 1; right.y > 0 && right.x < 700; step *= 2) right = pointAt(right.x + step);
  let left = right;
  for (let step = 1; left.y < 0 && left.x > -700; step *= 2) {
    right = left;
    left = pointAt(left.x - step);
  }
  return narrowed(left, right, pointAt);
}

function narrowed(left: Point, right: Point, pointAt: (x: number) => Point): Crossing {
  let kept: 'left' | 'right' | undefined;
  for (let step = 0; right.x - left.x > NARROW_ENOUGH * Math.max(1, Math.abs(left.x)); step += 1) {
    // No line to follow where nothing at all is spent or missing, nor over a jump.
    const isStraight = step < MOST_STRAIGHT_STEPS && Number.isFinite(right.y - left.y);
    const point = pointAt(left.x + (isStraight ? left.y / (left.y - right.y) : 0.5) * (right.x - left.x));
    if (Math.abs(point.y) <= EXACT_ENOUGH) return { low: Math.exp(point.x), high: Math.exp(point.x) };
    // An end that stays twice is taken for half as far off, else the other would creep.
    if (point.y > 0) {
      left = point;
      if (kept === 'right') right = { x: right.x, y: right.y / 2 };
      kept = 'right';
    } else {
      right = point;
      if (kept === 'left') left = { x: left.x, y: left.y / 2 };
      kept = 'left';
    }
  }
  return { low: Math.exp(left.x), high: Math.exp(right.x) };
}
