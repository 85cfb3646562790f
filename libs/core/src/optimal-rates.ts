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

const MOST_STEPS = 100;
const EXACT_ENOUGH = 1e-10;

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
  const worth = whereFalls(spentAt, callsPerSecond, greatestWorth(population));
  return ratesAt(population, worth, { callsPerSecond, total });
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
  const { calls, fresh } = spend(population, whereFalls(missingAt, 1 / (1 - freshness), greatestWorth(population)));
  // Where tens of changes come between two calls, no double tells one μ from the next; but there freshness goes with calls.
  return (calls * freshness * total) / fresh;
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
  return 1 / whereFalls(missingAt, 1 / (1 - freshness), 1);
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
  worth: number,
  { callsPerSecond, total }: { callsPerSecond: number; total: number },
): OptimalRates {
  const { weight, cost, changeRate } = population;
  // All but 1 unless tens of changes come between two calls: no double tells one μ from the next there.
  const share = callsPerSecond / spend(population, worth).calls;
  const frequency = new Float64Array(weight.length);
  let [fresh, kept] = [0, 0];
  for (let i = 0; i < weight.length; i += 1) {
    const w = weight[i] ?? 0;
    const rate = clampedChangeRate(changeRate[i] ?? 0);
    const y = (worth * clampedCost(cost[i] ?? 1) * rate) / w;
    if (!(y < 1) || w <= 0) continue;
    const r = elapsedForGain(y) / share;
    frequency[i] = rate / r;
    fresh += w * freshnessAt(r);
    kept += 1;
  }
  return { frequency, freshness: fresh / total, kept, marginalWorth: worth / total, callsPerSecond };
}

/**
 * Where a falling function meets `target`, by regula falsi in logarithms (Illinois), in which both Σ c·f and the share that is fresh are
 * nearly straight in μ; some eight evaluations where bisection takes forty, and each is a pass over everything.
 *
 * @param from any positive point: the search for two points around the crossing begins there
 */
function whereFalls(at: (x: number) => number, target: number, from: number): number {
  const heightAt = (logX: number): number => {
    const value = at(Math.exp(logX));
    return value > 0 ? Math.log(value / target) : -Infinity;
  };
  let high = Math.log(from);
  let heightOfHigh = heightAt(high);
  for (let step = 2; heightOfHigh > 0 && step < 1_000; step *= 2) heightOfHigh = heightAt((high += step));
  let low = high;
  let heightOfLow = heightOfHigh;
  for (let step = 1; heightOfLow < 0 && low > -700; step *= 2) {
    [high, heightOfHigh] = [low, heightOfLow];
    heightOfLow = heightAt((low -= step));
  }
  return Math.exp(between({ x: low, y: heightOfLow }, { x: high, y: heightOfHigh }, heightAt));
}

interface Point {
  readonly x: number;
  readonly y: number;
}

function between(left: Point, right: Point, heightAt: (x: number) => number): number {
  let kept: 'left' | 'right' | undefined;
  for (let step = 0; step < MOST_STEPS; step += 1) {
    if (left.y === 0 || right.x - left.x <= Number.EPSILON * Math.abs(left.x)) return left.x;
    // Where nothing at all is spent, or nothing at all is missing, there is no line to follow.
    const share = Number.isFinite(right.y - left.y) ? left.y / (left.y - right.y) : 0.5;
    const x = left.x + share * (right.x - left.x);
    const y = heightAt(x);
    if (Math.abs(y) <= EXACT_ENOUGH) return x;
    // An end that stays twice is taken for half as far off, else the other would creep.
    if (y > 0) {
      left = { x, y };
      if (kept === 'right') right = { x: right.x, y: right.y / 2 };
      kept = 'right';
    } else {
      right = { x, y };
      if (kept === 'left') left = { x: left.x, y: left.y / 2 };
      kept = 'left';
    }
  }
  return left.x;
}
