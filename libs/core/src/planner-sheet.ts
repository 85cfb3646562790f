import { RowMerger } from './planner-merger.js';
import { clampedChangeRate, clampedCost } from './value.js';

/** What is known of one resource that a plan is made for. */
export interface CountedResource {
  /** Null: nothing is known, not even of its kind. */
  readonly changesPerSecond: number | null;
  /** Standard deviation of the logarithm of that rate; 0: it is certain. */
  readonly rateError: number;
  /** The rate is that of its kind, not seen in itself: whatever is wrong with it is wrong with all of these. */
  readonly isOfItsKind: boolean;
  /** How often it is asked for, in any unit that is the same for all. */
  readonly reads: number;
  /** What a fresh answer is worth to its owner, beside others of as many reads. */
  readonly weight: number;
  /** Calls that one refresh is charged. */
  readonly cost: number;
  /** Infinity: it has no target. */
  readonly maxAgeS: number;
  /** The target was set on the resource itself. */
  readonly isFloor: boolean;
  /** 0: of no declared bucket, else 1 + its place in the configuration. */
  readonly bucket: number;
}

/** Resources in columns. A row is one resource, or `count` of them that are nearly alike. */
export interface PlannerSheet {
  readonly rows: number;
  readonly resources: number;
  readonly count: Float64Array;
  readonly changesPerSecond: Float64Array;
  readonly rateError: Float64Array;
  readonly isOfItsKind: Uint8Array;
  /** By which calls are given, of one resource of the row; over all resources they add up to 1. */
  readonly value: Float64Array;
  /** Share of the reads that one resource of the row gets. */
  readonly demand: Float64Array;
  readonly cost: Float64Array;
  readonly maxAgeS: Float64Array;
  readonly isFloor: Uint8Array;
  readonly bucket: Uint8Array;
  readonly known: KnownOfRates;
  /** Of all resources together, in the unit in which they were given. */
  readonly reads: number;
}

/** Of how many resources the rate was seen in themselves, taken from their kind, or assumed. */
export interface KnownOfRates {
  readonly seen: number;
  readonly ofTheirKind: number;
  readonly assumed: number;
}

/** Of the mean of all reads: what nobody has asked for lately is not worth nothing. The scheduler counts so too. */
const SHARE_OF_THE_MEAN = 0.05;
/** Reads that everybody has: where hardly anybody reads, a single read says little. */
const PRIOR_READS = 0.01;
/** Give or take a factor of ten. */
const ASSUMED_ERROR = Math.LN10;

/** Takes resources in one by one; beyond some ten thousand, those that are nearly alike become one row. */
export class PlannerSheetMaker {
  readonly #merger = new RowMerger();

  /** @param assumedPerSecond changes of a resource of which nothing at all is known */
  constructor(private readonly assumedPerSecond: number) {}

  add(resource: CountedResource): void {
    this.#merger.add(resource);
  }

  make(): PlannerSheet {
    const { columns } = this.#merger;
    const count = Float64Array.from(columns.count);
    const reads = total(count, columns.reads);
    const resources = sum(count);
    return {
      rows: count.length,
      resources,
      reads,
      count,
      ...ratesOf(columns, count, this.assumedPerSecond),
      value: valuesOf(columns, count, reads / resources),
      demand: inShares(count, reads > 0 ? columns.reads : columns.weight),
      cost: Float64Array.from(columns.cost, clampedCost),
      maxAgeS: Float64Array.from(columns.maxAgeS),
      isFloor: Uint8Array.from(columns.isFloor),
      bucket: Uint8Array.from(columns.bucket),
    };
  }
}

type Columns = RowMerger['columns'];

/** DESIGN section 7: w is the reads, plus a small share of their mean; and what the owner says. */
function valuesOf({ reads, weight }: Columns, count: Float64Array, meanReads: number): Float64Array {
  if (!(meanReads > 0)) return inShares(count, weight);
  const all = meanReads + PRIOR_READS;
  return inShares(
    count,
    weight.map((one, i) => one * ((reads[i] ?? 0) + PRIOR_READS + SHARE_OF_THE_MEAN * all)),
  );
}

type Rates = Pick<PlannerSheet, 'changesPerSecond' | 'rateError' | 'isOfItsKind' | 'known'>;

function ratesOf(columns: Columns, count: Float64Array, assumedPerSecond: number): Rates {
  const rows = count.length;
  const rates = { changesPerSecond: new Float64Array(rows), rateError: new Float64Array(rows) };
  const isOfItsKind = new Uint8Array(rows);
  const known = { seen: 0, ofTheirKind: 0, assumed: 0 };
  for (let i = 0; i < rows; i += 1) {
    const perSecond = columns.changesPerSecond[i] ?? Number.NaN;
    const isAssumed = Number.isNaN(perSecond);
    rates.changesPerSecond[i] = clampedChangeRate(isAssumed ? assumedPerSecond : perSecond);
    rates.rateError[i] = isAssumed ? ASSUMED_ERROR : (columns.rateError[i] ?? 0);
    isOfItsKind[i] = isAssumed ? 1 : (columns.isOfItsKind[i] ?? 0);
    known[isAssumed ? 'assumed' : isOfItsKind[i] === 1 ? 'ofTheirKind' : 'seen'] += count[i] ?? 0;
  }
  return { ...rates, isOfItsKind, known };
}

function inShares(count: Float64Array, worth: readonly number[]): Float64Array {
  const all = total(count, worth);
  return Float64Array.from(worth, (one) => (all > 0 ? one / all : 0));
}

function total(count: Float64Array, each: readonly number[]): number {
  let all = 0;
  for (let i = 0; i < count.length; i += 1) all += (count[i] ?? 0) * (each[i] ?? 0);
  return all;
}

function sum(values: Float64Array): number {
  return values.reduce((all, value) => all + value, 0);
}
