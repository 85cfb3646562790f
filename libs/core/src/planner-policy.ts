import type { PlannerSheet } from './planner-sheet.js';
import { elapsedForGain } from './value.js';

export interface PlannerBudget {
  readonly callsPerSecond: number;
  readonly spend: 'target' | 'all';
  /** Calls per second that each declared bucket lets through, in the order of the configuration. */
  readonly bucketCaps: readonly number[];
}

/**
 * How the calls are given.
 *
 * `targets`: all targets fit, each resource is refreshed as often as its own asks for, and no more is spent.
 * `by-value`: a resource is refreshed when that is worth its bucket's threshold (Cho and Garcia-Molina's optimum: all that are kept are then worth
 * the same); where its maxAge counts, that brings it forward.
 */
export type PlannerPolicy =
  | { readonly kind: 'targets' }
  | {
      readonly kind: 'by-value';
      /** By bucket; the first for what is in none. Value per call. */
      readonly thresholds: Float64Array;
      /** Of the buckets whose own limit is what holds them back. */
      readonly capped: ReadonlySet<number>;
      /** Whose maxAge counts: of all, where they fit; else of those that have one of their own. */
      readonly floors: 'all' | 'own';
      /** How much of what their maxAge asks for those get. */
      readonly floorShare: number;
    };

type ByValue = Extract<PlannerPolicy, { kind: 'by-value' }>;

/** A long computation in steps of a few milliseconds, so that whoever runs it can do something else between. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** DESIGN section 7: floors may have up to half the budget. */
const MOST_FOR_FLOORS = 0.5;
const FLOOR_ROUNDS = 14;
/** As many as a byte can name, the first for what is in none. */
const BUCKETS = 256;
/** Of the logarithm of a threshold: the width of a search, and where it ends however little there is to refresh. */
const STEP = 4;
const LOWEST = -600;
const EXACT = 1e-4;
const A_LITTLE_MORE = 1 + 1e-9;

/** Seconds between two refreshes of what is in a row; Infinity: never. */
export function periodOf(sheet: PlannerSheet, policy: PlannerPolicy, row: number): number {
  const maxAgeS = sheet.maxAgeS[row] ?? Infinity;
  if (policy.kind === 'targets') return maxAgeS;
  const byValueS = periodByValue(sheet, policy.thresholds[sheet.bucket[row] ?? 0] ?? 0, row);
  return isFloor(sheet, policy, row) ? Math.min(byValueS, maxAgeS / policy.floorShare) : byValueS;
}

function isFloor(sheet: PlannerSheet, { floors }: ByValue, row: number): boolean {
  return floors === 'all' || sheet.isFloor[row] === 1;
}

function periodByValue(sheet: PlannerSheet, threshold: number, row: number): number {
  const rate = sheet.changesPerSecond[row] ?? 0;
  // V(x) = (w / cλ) · gain(x) reaches the threshold.
  return elapsedForGain((threshold * (sheet.cost[row] ?? 0) * rate) / (sheet.value[row] ?? 0)) / rate;
}

/** Calls per second that keep every target. */
export function callsForTargets(sheet: PlannerSheet): number {
  let calls = 0;
  for (let i = 0; i < sheet.rows; i += 1) calls += callsOf(sheet, i, sheet.maxAgeS[i] ?? Infinity);
  return calls;
}

export function callsOf(sheet: PlannerSheet, row: number, periodS: number): number {
  return ((sheet.count[row] ?? 0) * (sheet.cost[row] ?? 0)) / periodS;
}

/** How a scheduler that is given this budget spends it in the long run. */
export function* policyFor(sheet: PlannerSheet, budget: PlannerBudget): Steps<PlannerPolicy> {
  const doFit = doTargetsFit(sheet, budget);
  if (doFit && budget.spend === 'target') return { kind: 'targets' };
  const whole = yield* cappedPolicy(sheet, budget, { floors: doFit ? 'all' : 'own', floorShare: 1 });
  if (doFit) return whole;
  const forFloors = budget.callsPerSecond * MOST_FOR_FLOORS;
  if (floorCalls(sheet, whole) <= forFloors) return whole;
  let policy = whole;
  for (let low = 0, high = 1, round = 0; round < FLOOR_ROUNDS; round += 1) {
    const floorShare = (low + high) / 2;
    policy = yield* cappedPolicy(sheet, budget, { floors: 'own', floorShare });
    if (floorCalls(sheet, policy) > forFloors) high = floorShare;
    else low = floorShare;
  }
  return policy;
}

function doTargetsFit(sheet: PlannerSheet, { callsPerSecond, bucketCaps }: PlannerBudget): boolean {
  if (callsForTargets(sheet) > callsPerSecond * A_LITTLE_MORE) return false;
  const calls = callsByBucket(sheet, { kind: 'targets' });
  return bucketCaps.every((cap, i) => (calls[i + 1] ?? 0) <= cap * A_LITTLE_MORE);
}

/** By bucket, the first for what is in none. */
export function callsByBucket(sheet: PlannerSheet, policy: PlannerPolicy): Float64Array {
  const calls = new Float64Array(BUCKETS);
  for (let i = 0; i < sheet.rows; i += 1) {
    const bucket = sheet.bucket[i] ?? 0;
    calls[bucket] = (calls[bucket] ?? 0) + callsOf(sheet, i, periodOf(sheet, policy, i));
  }
  return calls;
}

/** Calls per second that are spent because a floor asks for them, and not the value. */
function floorCalls(sheet: PlannerSheet, policy: ByValue): number {
  let calls = 0;
  for (let i = 0; i < sheet.rows; i += 1) {
    if (sheet.isFloor[i] !== 1) continue;
    const floorS = (sheet.maxAgeS[i] ?? Infinity) / policy.floorShare;
    const byValueS = periodByValue(sheet, policy.thresholds[sheet.bucket[i] ?? 0] ?? 0, i);
    if (floorS < byValueS) calls += callsOf(sheet, i, floorS);
  }
  return calls;
}

type Rules = Pick<ByValue, 'floors' | 'floorShare'>;

/** One threshold for all; then what wants more than its bucket lets through gets a higher one of its own, and the others have what it leaves. */
function* cappedPolicy(sheet: PlannerSheet, budget: PlannerBudget, rules: Rules): Steps<ByValue> {
  const { bucketCaps } = budget;
  const capped = new Set<number>();
  const policy: ByValue = { kind: 'by-value', thresholds: new Float64Array(bucketCaps.length + 1), capped, ...rules };
  let left = budget.callsPerSecond;
  for (;;) {
    yield* setThreshold(sheet, policy, { callsPerSecond: left, isOf: (bucket) => !capped.has(bucket) });
    const calls = callsByBucket(sheet, policy);
    const over = bucketCaps.findIndex((cap, i) => !capped.has(i + 1) && (calls[i + 1] ?? 0) > cap * (1 + EXACT));
    if (over === -1) return policy;
    const cap = bucketCaps[over] ?? 0;
    capped.add(over + 1);
    left -= cap;
    yield* setThreshold(sheet, policy, { callsPerSecond: cap, isOf: (bucket) => bucket === over + 1 });
  }
}

interface Share {
  readonly callsPerSecond: number;
  isOf(bucket: number): boolean;
}

/** The value per call below which nothing is refreshed, so that what is spent is the budget. */
function* setThreshold(sheet: PlannerSheet, policy: ByValue, share: Share): Steps<void> {
  const isEnough = (logThreshold: number): boolean =>
    callsAt(sheet, policy, { share, logThreshold }) >= share.callsPerSecond;
  fill(policy, share, yield* highestThreshold(sheet, isEnough));
}

/**
 * The highest threshold at which enough is spent or fresh, which both only grow while it falls: its logarithm. Where even floors alone are
 * enough, that from which on nothing is refreshed for its value.
 */
function* highestThreshold(sheet: PlannerSheet, isEnough: (logThreshold: number) => boolean): Steps<number> {
  let high = Math.log(highestValue(sheet));
  if (isEnough(high)) return high;
  let low = high - STEP;
  while (low > LOWEST && !isEnough(low)) {
    high = low;
    low -= STEP;
    yield;
  }
  while (high - low > EXACT / 10) {
    const middle = (low + high) / 2;
    if (isEnough(middle)) low = middle;
    else high = middle;
    yield;
  }
  return low;
}

/** By value alone, with all floors kept and no bucket in the way: the policy of the least budget that `isEnough`. */
export function* leastPolicy(sheet: PlannerSheet, isEnough: (policy: PlannerPolicy) => boolean): Steps<PlannerPolicy> {
  const thresholds = new Float64Array(BUCKETS);
  const policy: ByValue = { kind: 'by-value', thresholds, capped: new Set(), floors: 'own', floorShare: 1 };
  const isEnoughAt = (logThreshold: number): boolean => {
    thresholds.fill(Math.exp(logThreshold));
    return isEnough(policy);
  };
  thresholds.fill(Math.exp(yield* highestThreshold(sheet, isEnoughAt)));
  return policy;
}

/** From this threshold on nothing is refreshed for its value alone. */
function highestValue(sheet: PlannerSheet): number {
  let highest = Number.MIN_VALUE;
  for (let i = 0; i < sheet.rows; i += 1) {
    const perCall = (sheet.value[i] ?? 0) / ((sheet.cost[i] ?? 1) * (sheet.changesPerSecond[i] ?? 1));
    if (perCall > highest) highest = perCall;
  }
  return highest;
}

function callsAt(sheet: PlannerSheet, policy: ByValue, at: { share: Share; logThreshold: number }): number {
  const { share, logThreshold } = at;
  fill(policy, share, logThreshold);
  let calls = 0;
  for (let i = 0; i < sheet.rows; i += 1) {
    if (share.isOf(sheet.bucket[i] ?? 0)) calls += callsOf(sheet, i, periodOf(sheet, policy, i));
  }
  return calls;
}

function fill({ thresholds }: ByValue, { isOf }: Share, logThreshold: number): void {
  for (let bucket = 0; bucket < thresholds.length; bucket += 1) {
    if (isOf(bucket)) thresholds[bucket] = Math.exp(logThreshold);
  }
}
