import { LONGEST_INTERVAL_MS, MOST_OBSERVATIONS, tallyOf } from './change-history.js';

export interface ChangeRateEstimate {
  /** Changes per second. */
  readonly perSecond: number;
  /** Standard deviation of the natural logarithm of the rate, by the curvature of the likelihood. */
  readonly spread: number;
  /** How many refreshes it rests on; none: it is what was expected beforehand. */
  readonly observations: number;
}

/** What is to be expected of a resource of which nothing is known: changes per second. */
export interface PriorRates {
  /** Of the whole upstream. */
  readonly overall: number;
  /** By the template of the path (`templateOf`). */
  readonly templates: Readonly<Record<string, number>>;
}

export function priorRateOf(priors: PriorRates | undefined, template: string): number | undefined {
  return priors?.templates[template] ?? priors?.overall;
}

/** 90 % of a normal distribution lie within so many standard deviations. */
const NINETY_PERCENT = 1.645;

/** Within these bounds the rate is with 90 % confidence. */
export function rateInterval({ perSecond, spread }: Pick<ChangeRateEstimate, 'perSecond' | 'spread'>): {
  low: number;
  high: number;
} {
  const factor = Math.exp(NINETY_PERCENT * spread);
  return { low: perSecond / factor, high: perSecond * factor };
}

/** How much the two refreshes that were never made count: one that found a change, one that found none. */
const PSEUDO_WEIGHT = 0.5;
const LOWEST_PER_SECOND = 1_000 / LONGEST_INTERVAL_MS;
/** Half of one call a second: nobody could follow what changes more often. */
const HIGHEST_PER_SECOND = 0.5;
/** Of ln λ, at the last step but one: steps of Newton's are squared from one to the next. */
const PRECISION = 3e-3;
const MOST_STEPS = 40;
/** Where the likelihood is flat nothing is known; but no rate is taken to be off by more than some powers of ten. */
const LEAST_CURVATURE = 0.1;
/** Of an arrival so many mean times ago nothing is seen any more. */
const FORGOTTEN = 40;

/** Reused: refreshes are many, and none is worth a list of its own. */
const changedS = new Float64Array(MOST_OBSERVATIONS);

interface Sums {
  /** How many of `changedS` are filled. */
  readonly changed: number;
  /** Arrivals whose moment is known. */
  readonly arrivals: number;
  /** Seconds without a change: whole intervals, and from known arrivals to their calls. */
  readonly quietS: number;
  /** The two that were never made: at the rate expected beforehand each is as likely as the other. */
  readonly pseudoS: number;
  readonly observations: number;
}

/**
 * Maximum likelihood of a Poisson process that is looked at now and then (Cho & Garcia-Molina, "Estimating frequency of change", 2003,
 * for any intervals): Σ I/(e^(λI) − 1) over the changed is Σ I over the unchanged. Where Last-Modified tells the last change, X before
 * the call, the likelihood is exact: λ e^(−λX), which adds 1/λ − X. `priorPerSecond` undefined: as likely to change as not between two calls.
 * `timeScale`: so much faster than the world's runs the clock of the resource, and of whoever asks for it.
 *
 * Undefined: nothing was seen, and nothing is expected.
 */
export function estimateChangeRate(
  history: Uint8Array,
  priorPerSecond: number | undefined,
  timeScale = 1,
): ChangeRateEstimate | undefined {
  const lowest = LOWEST_PER_SECOND * timeScale;
  const highest = HIGHEST_PER_SECOND * timeScale;
  const prior = priorPerSecond === undefined ? undefined : within(priorPerSecond, lowest, highest);
  const sums = sumsOf(history, prior);
  if (sums === undefined) return undefined;
  const { perSecond, spread } = solve(sums, lowest, highest);
  return { perSecond, spread, observations: sums.observations };
}

function sumsOf(history: Uint8Array, prior: number | undefined): Sums | undefined {
  const { observations, changed, arrivals, quietS, totalS } = tallyOf(history, changedS);
  if (observations === 0 && prior === undefined) return undefined;
  const pseudoS = prior === undefined ? totalS / observations : Math.LN2 / prior;
  return { changed, arrivals, quietS: quietS + PSEUDO_WEIGHT * pseudoS, pseudoS, observations };
}

/**
 * Newton on ln(Σ x/(e^x − 1) + arrivals) = ln(λ · quiet), x = λI, over ln λ: of both sides nearly straight lines, so that a few steps do.
 * The left falls and the right rises, hence one root, which stays bracketed.
 */
function solve(sums: Sums, lowest: number, highest: number): { perSecond: number; spread: number } {
  let low = Math.log(lowest);
  let high = Math.log(highest);
  let at = within(Math.log(Math.LN2 / sums.pseudoS), low, high);
  for (let step = 0; ; step += 1) {
    const { level, slope } = leftSide(Math.exp(at), sums);
    const gap = Math.log(level / sums.quietS) - at;
    if (gap > 0) low = at;
    else high = at;
    const next = at + gap / (1 - slope / level);
    const to = next > low && next < high ? next : (low + high) / 2;
    const isThere = Math.abs(to - at) < PRECISION || step >= MOST_STEPS;
    at = to;
    if (isThere) return { perSecond: Math.exp(at), spread: spreadOf(Math.exp(at) * sums.quietS - slope) };
  }
}

/** Σ h + arrivals, h = x/(e^x − 1), and its derivative by ln λ: Σ h · (1 − h e^x). */
function leftSide(perSecond: number, { changed, arrivals, pseudoS }: Sums): { level: number; slope: number } {
  let level = arrivals;
  let slope = 0;
  for (let i = -1; i < changed; i += 1) {
    const weight = i < 0 ? PSEUDO_WEIGHT : 1;
    const x = perSecond * (i < 0 ? pseudoS : (changedS[i] ?? 0));
    if (x > FORGOTTEN) continue;
    const grown = Math.exp(x);
    const h = x < 1e-6 ? 1 : x / (grown - 1);
    level += weight * h;
    slope += weight * h * (1 - h * grown);
  }
  return { level, slope };
}

/** The curvature of the logarithm of the likelihood over ln λ: λ · quiet less the slope of the left side. */
function spreadOf(curvature: number): number {
  return 1 / Math.sqrt(Math.max(curvature, LEAST_CURVATURE));
}

function within(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
