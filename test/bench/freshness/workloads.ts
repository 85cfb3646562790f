import { shuffled } from '../story/chance.js';
import { normal, stream } from './chances.js';
import type { Recording } from './recording.js';
import { PoissonChanges, RepeatedChanges, type Season, type World } from './world.js';

export const WORKLOADS = ['zipf', 'tied', 'days', 'shifts', 'recorded'] as const;
export type Workload = (typeof WORKLOADS)[number];

export interface WorldOrder {
  readonly workload: Workload;
  readonly seed: number;
  readonly size: number;
  /** How many times faster than in the world that it stands for everything changes. */
  readonly timeScale: number;
  /** When demand and rates change places, in the workload of shifts. */
  readonly shiftAtMs: number;
  /** Until when there are seasons, in the workload of days. */
  readonly untilMs: number;
}

/** Log-normal: half of the resources change less than once in ten minutes. */
const MEDIAN_INTERVAL_MS = 600_000;
const SIGMA = 1.5;
export const MEAN_RATE = Math.exp(SIGMA ** 2 / 2) / MEDIAN_INTERVAL_MS;

/** A day that fits into a run: an hour. */
const DAY_MS = 3_600_000;
const SEASONS_A_DAY = 12;
const ZONES = 3;
/** From a tenth of the mean at night to 1.9 times in the day. */
const SWING = 0.9;
const IN_BURST = 0.02;
const BURST = 10;

/** `recording`: wanted by the recorded workload alone. */
export function worldOf(order: WorldOrder, recording: Recording | undefined): World {
  const { seed, size } = order;
  if (order.workload === 'recorded') return recordedWorld(order, recording);
  const seasons = seasonsOf(order);
  return { size, seasons, changes: new PoissonChanges(seasons, { size, seed }) };
}

function seasonsOf(order: WorldOrder): Season[] {
  const rates = logNormalRates(order);
  const weights = zipfWeights(order);
  switch (order.workload) {
    case 'tied':
      return [{ fromMs: 0, rates, weights: inOrderOf(rates, weights) }];
    case 'days':
      return daysAndBursts(order, rates, weights);
    case 'shifts':
      return [
        { fromMs: 0, rates, weights },
        { fromMs: order.shiftAtMs, rates: permuted(rates, order, 1), weights: permuted(weights, order, 2) },
      ];
    case 'zipf':
    case 'recorded':
      return [{ fromMs: 0, rates, weights }];
  }
}

function logNormalRates({ seed, size, timeScale }: WorldOrder): Float64Array {
  const next = stream(seed, 'rates');
  return Float64Array.from({ length: size }, () => (timeScale / MEDIAN_INTERVAL_MS) * Math.exp(SIGMA * normal(next)));
}

/** Zipf with exponent 1, over the resources in any order: who is asked for says nothing of who changes. */
function zipfWeights({ seed, size }: WorldOrder): Float64Array {
  const weights = Float64Array.from({ length: size }, (_, rank) => 1 / (rank + 1));
  return normalized(Float64Array.from(shuffled([...weights], stream(seed, 'demand'))));
}

/** The greatest weight to the greatest rate, and so on. */
function inOrderOf(rates: Float64Array, weights: Float64Array): Float64Array {
  const byRate = [...rates.keys()].sort((a, b) => (rates[b] ?? 0) - (rates[a] ?? 0));
  const descending = weights.toSorted((a, b) => b - a);
  const tied = new Float64Array(rates.length);
  byRate.forEach((item, rank) => (tied[item] = descending[rank] ?? 0));
  return tied;
}

function permuted(values: Float64Array, { seed }: WorldOrder, member: number): Float64Array {
  return Float64Array.from(shuffled([...values], stream(seed, 'shift', member)));
}

/** Three parts of the world, each with its own noon, when it both changes and is asked for most; and in every season some change in a burst. */
function daysAndBursts(order: WorldOrder, rates: Float64Array, weights: Float64Array): Season[] {
  const seasonMs = DAY_MS / order.timeScale / SEASONS_A_DAY;
  const count = Math.ceil(order.untilMs / seasonMs) + 1;
  return Array.from({ length: count }, (_, n) => {
    const next = stream(order.seed, 'bursts', n);
    const swing = (item: number): number =>
      1 + SWING * Math.sin(2 * Math.PI * (n / SEASONS_A_DAY + (item % ZONES) / ZONES));
    return {
      fromMs: n * seasonMs,
      rates: rates.map((rate, item) => rate * swing(item) * (next() < IN_BURST ? BURST : 1)),
      weights: normalized(weights.map((weight, item) => weight * swing(item))),
    };
  });
}

function normalized(weights: Float64Array): Float64Array {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** The recording so fast that as much changes as in the other workloads; each resource begins it somewhere else. */
function recordedWorld(order: WorldOrder, recording: Recording | undefined): World {
  if (recording === undefined) throw new Error('expected the recorded series of changes, found none');
  const { seed, size, timeScale } = order;
  const next = stream(seed, 'recorded');
  const picked = Array.from({ length: size }, (_, item) => {
    const record = recording[item % recording.length];
    return { atMs: record?.atMs ?? [], periodMs: record?.periodMs ?? 1, shift: next() };
  });
  const mean = picked.reduce((sum, { atMs, periodMs }) => sum + atMs.length / periodMs, 0) / size;
  const faster = (MEAN_RATE * timeScale) / mean;
  const series = picked.map(({ atMs, periodMs, shift }) => ({
    periodMs: periodMs / faster,
    atMs: atMs.map((ms) => ((ms + shift * periodMs) % periodMs) / faster).sort((a, b) => a - b),
  }));
  const rates = Float64Array.from(series, ({ atMs, periodMs }) => atMs.length / periodMs);
  return {
    size,
    seasons: [{ fromMs: 0, rates, weights: zipfWeights(order) }],
    changes: new RepeatedChanges(series),
  };
}
