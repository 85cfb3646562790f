import type { CountedResource } from './planner-sheet.js';

/** So many rows are worked through in a few milliseconds. */
const MOST_ROWS = 10_000;
/** Width of a cell, as a share: rates, reads and ages in one cell differ by less than this. Doubled where that leaves too many. */
const FIRST_STEP = 0.06;
const ERROR_STEP = 0.25;
const BINS = 1_024;
const WEIGHT_BINS = 512;

interface Columns {
  readonly count: number[];
  /** NaN: not known. */
  readonly changesPerSecond: number[];
  readonly rateError: number[];
  readonly reads: number[];
  readonly weight: number[];
  readonly cost: number[];
  readonly maxAgeS: number[];
  readonly isFloor: number[];
  readonly isOfItsKind: number[];
  readonly bucket: number[];
}

/**
 * A million resources need not be a million rows: what is planned for a resource depends on half a dozen numbers, and where these agree within
 * a few per cent the mean of them serves as well. What that changes in a sum over all is of the second order in the width of a cell.
 */
export class RowMerger {
  #columns = emptyColumns();
  #step = 0;
  /** By the traits of which there are few values, then by the others. */
  #places = new Map<number, Map<number, number>>();

  get columns(): Columns {
    return this.#columns;
  }

  add(resource: CountedResource): void {
    this.#addMany(resource, 1);
    if (this.#columns.count.length > MOST_ROWS) this.#coarsen();
  }

  #addMany(resource: CountedResource, count: number): void {
    const row = this.#rowOf(resource);
    if (row === undefined) return append(this.#columns, resource, count);
    const share = count / (this.#columns.count[row] ?? 0);
    // The share of the newcomers in what the row then holds.
    blend(this.#columns, row, { resource, share: share / (1 + share) });
    this.#columns.count[row] = (this.#columns.count[row] ?? 0) + count;
  }

  /** Undefined: it gets a row of its own, and what is like it comes there too once rows are merged. */
  #rowOf(resource: CountedResource): number | undefined {
    if (this.#step === 0) return undefined;
    const [few, many] = cellOf(resource, this.#step);
    let places = this.#places.get(few);
    if (places === undefined) this.#places.set(few, (places = new Map()));
    const row = places.get(many);
    if (row === undefined) places.set(many, this.#columns.count.length);
    return row;
  }

  #coarsen(): void {
    const before = this.#columns;
    this.#step = this.#step === 0 ? FIRST_STEP : 2 * this.#step;
    this.#columns = emptyColumns();
    this.#places = new Map();
    for (const [row, count] of before.count.entries()) this.#addMany(resourceOf(before, row), count);
    if (this.#columns.count.length > MOST_ROWS / 2) this.#coarsen();
  }
}

function emptyColumns(): Columns {
  return {
    ...{ count: [], changesPerSecond: [], rateError: [], reads: [], weight: [], cost: [] },
    ...{ maxAgeS: [], isFloor: [], isOfItsKind: [], bucket: [] },
  };
}

function append(columns: Columns, resource: CountedResource, count: number): void {
  columns.count.push(count);
  columns.changesPerSecond.push(resource.changesPerSecond ?? Number.NaN);
  columns.rateError.push(resource.rateError);
  columns.reads.push(resource.reads);
  columns.weight.push(resource.weight);
  columns.cost.push(resource.cost);
  columns.maxAgeS.push(resource.maxAgeS);
  columns.isFloor.push(resource.isFloor ? 1 : 0);
  columns.isOfItsKind.push(resource.isOfItsKind ? 1 : 0);
  columns.bucket.push(resource.bucket);
}

function resourceOf(columns: Columns, row: number): CountedResource {
  const changesPerSecond = columns.changesPerSecond[row] ?? Number.NaN;
  return {
    changesPerSecond: Number.isNaN(changesPerSecond) ? null : changesPerSecond,
    rateError: columns.rateError[row] ?? 0,
    reads: columns.reads[row] ?? 0,
    weight: columns.weight[row] ?? 0,
    cost: columns.cost[row] ?? 0,
    maxAgeS: columns.maxAgeS[row] ?? Infinity,
    isFloor: columns.isFloor[row] === 1,
    isOfItsKind: columns.isOfItsKind[row] === 1,
    bucket: columns.bucket[row] ?? 0,
  };
}

const BLENDED = ['rateError', 'reads', 'weight', 'cost'] as const;

function blend(columns: Columns, row: number, of: { resource: CountedResource; share: number }): void {
  const { resource, share } = of;
  for (const name of BLENDED) mix(columns[name], row, { value: resource[name], share });
  if (resource.changesPerSecond !== null)
    mix(columns.changesPerSecond, row, { value: resource.changesPerSecond, share });
  if (resource.maxAgeS !== Infinity) mix(columns.maxAgeS, row, { value: resource.maxAgeS, share });
}

function mix(column: number[], row: number, { value, share }: { value: number; share: number }): void {
  const before = column[row] ?? 0;
  column[row] = before + (value - before) * share;
}

/** Two whole numbers that are the same for what is merged. */
function cellOf(resource: CountedResource, step: number): [few: number, many: number] {
  const { changesPerSecond, rateError, reads, weight, cost, maxAgeS, isFloor, isOfItsKind, bucket } = resource;
  const flags = (isFloor ? 2 : 0) + (isOfItsKind ? 1 : 0);
  const few = ((binOf(cost, step, BINS) * 64 + Math.min(63, Math.round(rateError / ERROR_STEP))) * 256 + bucket) * 4;
  const rate = binOf(changesPerSecond ?? 0, step, BINS);
  const ages = binOf(maxAgeS, step, BINS);
  const many = ((rate * BINS + binOf(reads, step, BINS)) * BINS + ages) * WEIGHT_BINS;
  return [few + flags, many + binOf(weight, step, WEIGHT_BINS)];
}

/** 0 for nothing, the last for Infinity, between them even steps of the logarithm with 1 in the middle. */
function binOf(value: number, step: number, bins: number): number {
  if (value <= 0) return 0;
  if (value === Infinity) return bins - 1;
  return Math.max(1, Math.min(bins - 2, Math.round(Math.log(value) / step) + bins / 2));
}
