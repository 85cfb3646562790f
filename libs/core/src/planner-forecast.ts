import { freshnessAround } from './planner-error.js';
import { callsOf, periodOf } from './planner-policy.js';
import type { PlannerPolicy, Steps } from './planner-policy.js';
import type { PlannerSheet } from './planner-sheet.js';

/** With what is known of how often things change: the mean, and between which bounds it lies with 90 % confidence. From 0 to 1. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Ages at the moment of an answer, or at any moment. Null: more than that share is never refreshed, and its age grows without bound. */
export interface Ages {
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  /** Share that is not older than its target; null where nothing has one. */
  readonly withinTarget: number | null;
}

export interface Outcome {
  readonly callsPerSecond: number;
  /** Share of the reads that is answered as the upstream has it at that moment. */
  readonly freshness: Estimate;
  /** The same where each resource counts alike, however often it is asked for. */
  readonly freshnessOfResources: number;
  /** Of what is served, each read counting. */
  readonly served: Ages;
  /** Each resource counting. */
  readonly stored: Ages;
  /** How many are refreshed at all. */
  readonly kept: number;
  /** Share of the reads that goes to the others. */
  readonly readsOfNotKept: number;
}

/** Seconds from one refresh to the next, by row; Infinity: none. */
export type Periods = Float64Array;

const NINETY_PERCENT = 1.645;
/** By how much forecasts were off in simulated runs that had learned their rates, besides the errors of the single rates. */
const ERROR_OF_THE_MODEL = 0.0075;
const ROUNDS = 40;

export function periodsOf(sheet: PlannerSheet, policy: PlannerPolicy): Periods {
  const periods = new Float64Array(sheet.rows);
  for (let i = 0; i < sheet.rows; i += 1) periods[i] = periodOf(sheet, policy, i);
  return periods;
}

/** Each in its turn, whatever it is worth. */
export function periodsOfRoundRobin(sheet: PlannerSheet, callsPerSecond: number): Periods {
  let costs = 0;
  for (let i = 0; i < sheet.rows; i += 1) costs += callsOf(sheet, i, 1);
  return new Float64Array(sheet.rows).fill(costs / callsPerSecond);
}

export function* outcomeOf(sheet: PlannerSheet, periods: Periods): Steps<Outcome> {
  const freshness = freshnessOf(sheet, periods);
  yield;
  const served = yield* agesOf(sheet, periods, sheet.demand);
  const alike = new Float64Array(sheet.rows).fill(1 / sheet.resources);
  const stored = yield* agesOf(sheet, periods, alike);
  return {
    callsPerSecond: spentOf(sheet, periods),
    freshness,
    freshnessOfResources: meanFreshness(sheet, periods, alike),
    served,
    stored,
    kept: sharesOf(sheet, periods, new Float64Array(sheet.rows).fill(1)),
    readsOfNotKept: Math.max(0, 1 - sharesOf(sheet, periods, sheet.demand)),
  };
}

export function spentOf(sheet: PlannerSheet, periods: Periods): number {
  let calls = 0;
  for (let i = 0; i < sheet.rows; i += 1) calls += callsOf(sheet, i, periods[i] ?? Infinity);
  return calls;
}

/**
 * Rates are wrong each in its own way where they were seen, so that the errors of many cancel out; those that were taken from their kind are
 * wrong together.
 */
export function freshnessOf(sheet: PlannerSheet, periods: Periods): Estimate {
  let [value, own, together] = [0, 0, 0];
  for (let i = 0; i < sheet.rows; i += 1) {
    const { mean, error } = freshnessOfRow(sheet, periods, i);
    const [count, demand] = [sheet.count[i] ?? 0, sheet.demand[i] ?? 0];
    value += count * demand * mean;
    if (sheet.isOfItsKind[i] === 1) together += count * demand * error;
    else own += count * (demand * error) ** 2;
  }
  const isCertain = own + together === 0;
  const margin = isCertain ? 0 : NINETY_PERCENT * Math.sqrt(own + together ** 2 + ERROR_OF_THE_MODEL ** 2);
  return { value, low: Math.max(0, value - margin), high: Math.min(1, value + margin) };
}

/** Of freshness alone, by any weights: quicker than all of it. */
export function meanFreshness(sheet: PlannerSheet, periods: Periods, weights: Float64Array): number {
  let value = 0;
  for (let i = 0; i < sheet.rows; i += 1) {
    value += (sheet.count[i] ?? 0) * (weights[i] ?? 0) * freshnessOfRow(sheet, periods, i).mean;
  }
  return value;
}

function freshnessOfRow(sheet: PlannerSheet, periods: Periods, row: number): { mean: number; error: number } {
  return freshnessAround((periods[row] ?? Infinity) * (sheet.changesPerSecond[row] ?? 0), sheet.rateError[row] ?? 0);
}

/** Of what is refreshed at all. */
function sharesOf(sheet: PlannerSheet, periods: Periods, weights: Float64Array): number {
  let share = 0;
  for (let i = 0; i < sheet.rows; i += 1) {
    if ((periods[i] ?? Infinity) < Infinity) share += (sheet.count[i] ?? 0) * (weights[i] ?? 0);
  }
  return share;
}

function* agesOf(sheet: PlannerSheet, periods: Periods, weights: Float64Array): Steps<Ages> {
  const longest = periods.reduce((most, period) => (period < Infinity && period > most ? period : most), 0);
  const p50 = ageWithin(sheet, { periods, weights, longest, share: 0.5 });
  yield;
  const p95 = ageWithin(sheet, { periods, weights, longest, share: 0.95 });
  yield;
  const inMs = (seconds: number | null): number | null => (seconds === null ? null : Math.round(1000 * seconds));
  return { p50Ms: inMs(p50), p95Ms: inMs(p95), withinTarget: withinTarget(sheet, periods, weights) };
}

interface AgeQuestion {
  readonly periods: Periods;
  readonly weights: Float64Array;
  readonly longest: number;
  readonly share: number;
}

/** What is refreshed evenly every T has, at a moment chosen by chance, any age from 0 to T alike. */
function ageWithin(sheet: PlannerSheet, { periods, weights, longest, share }: AgeQuestion): number | null {
  const youngerThan = (age: number): number => {
    let younger = 0;
    for (let i = 0; i < sheet.rows; i += 1) {
      const period = periods[i] ?? Infinity;
      if (period < Infinity) younger += (sheet.count[i] ?? 0) * (weights[i] ?? 0) * Math.min(1, age / period);
    }
    return younger;
  };
  if (youngerThan(longest) < share * (1 - 1e-9)) return null;
  let [low, high] = [0, longest];
  for (let round = 0; round < ROUNDS && high - low > 1e-4 * high; round += 1) {
    const age = (low + high) / 2;
    if (youngerThan(age) < share) low = age;
    else high = age;
  }
  return high;
}

function withinTarget(sheet: PlannerSheet, periods: Periods, weights: Float64Array): number | null {
  let [within, all] = [0, 0];
  for (let i = 0; i < sheet.rows; i += 1) {
    const maxAgeS = sheet.maxAgeS[i] ?? Infinity;
    if (maxAgeS === Infinity) continue;
    const weight = (sheet.count[i] ?? 0) * (weights[i] ?? 0);
    all += weight;
    within += weight * Math.min(1, maxAgeS / (periods[i] ?? Infinity));
  }
  return all > 0 ? within / all : null;
}

/** What the calls that a very little lower threshold costs add to the freshness, each. */
export function* worthOfNextCall(sheet: PlannerSheet, policy: PlannerPolicy): Steps<number> {
  if (policy.kind === 'targets') return 0;
  const { thresholds, capped } = policy;
  const lower = thresholds.map((threshold, bucket) => (capped.has(bucket) ? threshold : threshold * 0.99));
  const before = periodsOf(sheet, policy);
  yield;
  const after = periodsOf(sheet, { ...policy, thresholds: lower });
  yield;
  const gained = meanFreshness(sheet, after, sheet.demand) - meanFreshness(sheet, before, sheet.demand);
  const calls = spentOf(sheet, after) - spentOf(sheet, before);
  return calls > 0 ? Math.max(0, gained / calls) : 0;
}

const HIGHEST_RATE = 1e9;

/** The least rate at which `freshnessAtRate`, which grows with it, reaches `wanted`; null: none does. */
export function* rateFor(
  wanted: number,
  from: number,
  freshnessAtRate: (callsPerSecond: number) => Steps<number>,
): Steps<number | null> {
  let [low, high] = [0, from];
  while ((yield* freshnessAtRate(high)) < wanted) {
    if (high > HIGHEST_RATE) return null;
    low = high;
    high *= 2;
  }
  while (high - low > 1e-3 * high) {
    const middle = (low + high) / 2;
    if ((yield* freshnessAtRate(middle)) < wanted) low = middle;
    else high = middle;
  }
  return high;
}
