import type { Season } from './world.js';

/**
 * What the best plan would give, with everything known: which nobody whom the judge judges has computed. Cho and Garcia-Molina, "Effective
 * page refresh policies for web crawlers" (2003): where a resource that changes as Poisson with rate λ is fetched at regular intervals 1/f,
 * it is fresh for (f/λ)(1 - e^(-λ/f)) of the time.
 */
export interface Optimum {
  /** Fetches per ms. */
  readonly frequencies: Float64Array;
  readonly freshness: number;
  /** How many are fetched at all. */
  readonly kept: number;
}

/** Halvings: of a range of 2^-60 to 2^60 for the price, of 0 to 60 for each interval. */
const PRICE_STEPS = 60;
const INTERVAL_STEPS = 44;
const LONGEST_INTERVAL = 60;

export function freshnessAt(rate: number, frequency: number): number {
  if (rate <= 0) return 1;
  if (frequency <= 0) return 0;
  return (frequency / rate) * -Math.expm1(-rate / frequency);
}

/** What these frequencies give, each resource counted as often as it is asked for. */
export function weightedFreshness({ rates, weights }: Season, frequencyOf: (item: number) => number): number {
  return rates.reduce((sum, rate, item) => sum + (weights[item] ?? 0) * freshnessAt(rate, frequencyOf(item)), 0);
}

/** `budget`: fetches per ms. Each further fetch is worth the same everywhere: (w/λ)(1 - (1 + r)e^(-r)) = μ with r = λ/f; nothing where even r = ∞ is worth less. */
export function optimumOf(season: Season, budget: number): Optimum {
  let [low, high] = [-60, 60];
  for (let step = 0; step < PRICE_STEPS; step += 1) {
    const middle = (low + high) / 2;
    const spent = frequenciesAt(season, 2 ** middle).reduce((sum, frequency) => sum + frequency, 0);
    if (spent > budget) low = middle;
    else high = middle;
  }
  const frequencies = frequenciesAt(season, 2 ** high);
  return {
    frequencies,
    freshness: weightedFreshness(season, (item) => frequencies[item] ?? 0),
    kept: frequencies.filter((frequency) => frequency > 0).length,
  };
}

function frequenciesAt({ rates, weights }: Season, price: number): Float64Array {
  return rates.map((rate, item) => {
    const weight = weights[item] ?? 0;
    if (rate <= 0 || weight <= 0) return 0;
    const wanted = (price * rate) / weight;
    return wanted >= 1 ? 0 : rate / intervalWorth(wanted);
  });
}

/** r, where 1 - (1 + r)e^(-r) is this. */
function intervalWorth(wanted: number): number {
  let [low, high] = [0, LONGEST_INTERVAL];
  for (let step = 0; step < INTERVAL_STEPS; step += 1) {
    const middle = (low + high) / 2;
    if (1 - (1 + middle) * Math.exp(-middle) < wanted) low = middle;
    else high = middle;
  }
  return high;
}

/** Of seasons that take turns, by how long each lasts within these times. What takes until a plan has changed over is not counted. */
export function optimumOver(
  seasons: readonly Season[],
  budget: number,
  { fromMs, toMs }: { fromMs: number; toMs: number },
): number {
  return overTime(seasons, { fromMs, toMs }, (season) => optimumOf(season, budget).freshness);
}

/** What going round gives at this budget. */
export function roundRobinOver(
  seasons: readonly Season[],
  budget: number,
  span: { fromMs: number; toMs: number },
): number {
  return overTime(seasons, span, (season) => weightedFreshness(season, () => budget / season.rates.length));
}

/** The budget that going round needs for this freshness, over the one that was used; Infinity where none will do. */
export function timesTheCalls(
  seasons: readonly Season[],
  budget: number,
  span: { fromMs: number; toMs: number },
  freshness: number,
): number {
  if (freshness >= 1) return Infinity;
  let [low, high] = [-20, 20];
  for (let step = 0; step < PRICE_STEPS; step += 1) {
    const middle = (low + high) / 2;
    if (roundRobinOver(seasons, budget * 2 ** middle, span) < freshness) low = middle;
    else high = middle;
  }
  return 2 ** high;
}

function overTime(
  seasons: readonly Season[],
  { fromMs, toMs }: { fromMs: number; toMs: number },
  of: (season: Season) => number,
): number {
  let sum = 0;
  seasons.forEach((season, i) => {
    const endMs = Math.min(toMs, seasons[i + 1]?.fromMs ?? Infinity);
    const beginMs = Math.max(fromMs, season.fromMs);
    if (endMs > beginMs) sum += (endMs - beginMs) * of(season);
  });
  return sum / (toMs - fromMs);
}
