import { callsByBucket, callsOf, leastPolicy, policyFor } from './planner-policy.js';
import type { PlannerPolicy, Steps } from './planner-policy.js';
import {
  meanFreshness,
  outcomeOf,
  periodsOf,
  periodsOfRoundRobin,
  rateFor,
  spentOf,
  worthOfNextCall,
} from './planner-forecast.js';
import type { Ages, Estimate, Outcome } from './planner-forecast.js';
import type { KnownOfRates, PlannerSheet } from './planner-sheet.js';

/** What one would like to know of an upstream. */
export interface PlannerQuestion {
  /** Calls per second for the background, each a budget to try. */
  readonly rates: readonly number[];
  readonly spend: 'target' | 'all';
  /** The declared buckets, with what their own windows let through; Infinity: all. */
  readonly buckets: readonly { readonly name: string; readonly callsPerSecond: number }[];
  /** Shares of fresh reads for which the rate is wanted. */
  readonly freshness: readonly number[];
}

export interface PlannerAnswer {
  readonly resources: number;
  readonly known: KnownOfRates;
  readonly targets: Targets;
  readonly rates: readonly RateForecast[];
  /** Given by value (as with `spend: all`), with all floors kept and no bucket in the way. */
  readonly ratesFor: readonly { readonly freshness: number; readonly callsPerSecond: number }[];
}

/** What everyone's maxAge asks for, and what of that was set on the resources themselves. */
export interface Targets {
  readonly resources: number;
  readonly callsPerSecond: number;
  /** All of them have this one; null: they differ, or there is none. */
  readonly maxAgeMs: number | null;
  readonly floors: { readonly resources: number; readonly callsPerSecond: number };
}

export interface RateForecast extends Omit<Outcome, 'callsPerSecond'> {
  readonly callsPerSecond: number;
  /** Less than asked for where the targets fit, and no more is to be spent. */
  readonly spentPerSecond: number;
  /**
   * `targets`: every maxAge is kept, and no more is spent; `targets-then-value`: what is left then goes where it is worth most; `by-value`: they
   * do not fit, and all goes where it is worth most.
   */
  readonly policy: 'targets' | 'targets-then-value' | 'by-value';
  /** How much of their own refreshes floors get: 1, or less where they want more than half the budget. */
  readonly floorShare: number;
  /** What one call per second more would add to the freshness. */
  readonly nextCall: number;
  readonly roundRobin: RoundRobin;
  readonly buckets: readonly BucketForecast[];
}

/** Each resource in its turn, at the same number of calls. */
export interface RoundRobin {
  readonly freshness: Estimate;
  readonly served: Ages;
  /** What it needs for the freshness of this plan; null: no rate gives that. */
  readonly callsPerSecondForSame: number | null;
}

export interface BucketForecast {
  readonly name: string;
  readonly callsPerSecond: number;
  /** Its own limit holds it back. */
  readonly isFull: boolean;
}

/**
 * What budgets give (DESIGN section 7), by the statistics in the sheet: how a scheduler that refreshes what is worth most spends them in the long
 * run, what is then fresh, and how old the rest is. In steps of a few milliseconds.
 */
export function* planSteps(sheet: PlannerSheet, question: PlannerQuestion): Steps<PlannerAnswer> {
  const { resources, known } = sheet;
  const targets = targetsOf(sheet);
  if (resources === 0) return { resources, known, targets, rates: [], ratesFor: [] };
  const rates: RateForecast[] = [];
  for (const callsPerSecond of question.rates) rates.push(yield* forecast(sheet, { ...question, callsPerSecond }));
  const ratesFor: { freshness: number; callsPerSecond: number }[] = [];
  for (const freshness of question.freshness) {
    const isEnough = (policy: PlannerPolicy): boolean =>
      meanFreshness(sheet, periodsOf(sheet, policy), sheet.demand) >= freshness;
    const periods = periodsOf(sheet, yield* leastPolicy(sheet, isEnough));
    ratesFor.push({ freshness, callsPerSecond: spentOf(sheet, periods) });
  }
  return { resources, known, targets, rates, ratesFor };
}

/** The same at once, where nobody else waits for this process. */
export function planAtOnce(sheet: PlannerSheet, question: PlannerQuestion): PlannerAnswer {
  const steps = planSteps(sheet, question);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

type Budget = Pick<PlannerQuestion, 'spend' | 'buckets'> & { readonly callsPerSecond: number };

function* forecast(sheet: PlannerSheet, { callsPerSecond, spend, buckets }: Budget): Steps<RateForecast> {
  const bucketCaps = buckets.map((bucket) => bucket.callsPerSecond);
  const policy = yield* policyFor(sheet, { callsPerSecond, spend, bucketCaps });
  const outcome = yield* outcomeOf(sheet, periodsOf(sheet, policy));
  const { callsPerSecond: spentPerSecond, ...given } = outcome;
  return {
    callsPerSecond,
    spentPerSecond,
    policy: nameOf(policy),
    ...given,
    floorShare: policy.kind === 'targets' ? 1 : policy.floorShare,
    nextCall: yield* worthOfNextCall(sheet, policy),
    roundRobin: yield* roundRobin(sheet, outcome),
    buckets: bucketForecasts(sheet, policy, buckets),
  };
}

function nameOf(policy: PlannerPolicy): RateForecast['policy'] {
  if (policy.kind === 'targets') return 'targets';
  return policy.floors === 'all' ? 'targets-then-value' : 'by-value';
}

function* roundRobin(sheet: PlannerSheet, { callsPerSecond, freshness }: Outcome): Steps<RoundRobin> {
  const { freshness: own, served } = yield* outcomeOf(sheet, periodsOfRoundRobin(sheet, callsPerSecond));
  const freshnessAtRate = function* (rate: number): Steps<number> {
    yield;
    return meanFreshness(sheet, periodsOfRoundRobin(sheet, rate), sheet.demand);
  };
  // From below, so that the same freshness at the same rate is not lost to rounding.
  const same = yield* rateFor(freshness.value * (1 - 1e-9), callsPerSecond, freshnessAtRate);
  return { freshness: own, served, callsPerSecondForSame: same };
}

function bucketForecasts(
  sheet: PlannerSheet,
  policy: PlannerPolicy,
  buckets: PlannerQuestion['buckets'],
): BucketForecast[] {
  if (buckets.length === 0) return [];
  const calls = callsByBucket(sheet, policy);
  return buckets.map(({ name }, i) => ({
    name,
    callsPerSecond: calls[i + 1] ?? 0,
    isFull: policy.kind === 'by-value' && policy.capped.has(i + 1),
  }));
}

function targetsOf(sheet: PlannerSheet): Targets {
  const targets = { resources: 0, callsPerSecond: 0 };
  const floors = { resources: 0, callsPerSecond: 0 };
  const ages = new Set<number>();
  for (let i = 0; i < sheet.rows; i += 1) {
    const maxAgeS = sheet.maxAgeS[i] ?? Infinity;
    if (maxAgeS === Infinity) continue;
    ages.add(maxAgeS);
    for (const sum of sheet.isFloor[i] === 1 ? [targets, floors] : [targets]) {
      sum.resources += sheet.count[i] ?? 0;
      sum.callsPerSecond += callsOf(sheet, i, maxAgeS);
    }
  }
  const [only] = ages;
  return { ...targets, maxAgeMs: ages.size === 1 && only !== undefined ? Math.round(only * 1000) : null, floors };
}
