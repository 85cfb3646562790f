import type { Options, Rate } from './options.js';
import { optimumOf } from './optimum.js';
import { readRecording } from './recording.js';
import type { Place } from './upstream-main.js';
import { worldOf, WORKLOADS, type Workload, type WorldOrder } from './workloads.js';

/** One run of Penstock and all peers, against one world or a few of different seeds side by side. */
export interface Cell {
  readonly name: string;
  readonly kind: 'rate' | 'seeds' | 'target';
  readonly workload: Workload;
  /** Calls per second for 6,000 resources, in the world that it stands for. */
  readonly rate: Rate;
  readonly timeScale: number;
  readonly places: readonly Place[];
  readonly fetchesEach: number;
  /** From the begin of the worlds until it is measured. */
  readonly learnMs: number;
  readonly measureMs: number;
  readonly readsPerSecond: number;
  readonly refresh: { readonly spend: 'all' | 'target'; readonly maxAgeMs: number };
}

const RESOURCES = 6_000;
/** So fast that each of these rates is 300 to 500 calls in a real second, and no faster: a second of the services is a minute of the first. */
const TIME_SCALES: Record<Rate, number> = { 5: 60, 20: 25, 100: 5 };
/** Small worlds side by side have fewer calls a second to share, at the same rate for each resource. */
const SEEDS_SHAPE = { resources: 500, timeScale: 60, measureMs: 40_000 };
const QUICK_SHAPE = { resources: 1_500, timeScale: 60, measureMs: 25_000 };
/** Fetches of each resource that is worth fetching at all: then the rates of change count as learned. */
const LEARNED_AFTER = 20;
const QUICK_LEARNED_AFTER = 12;
const MEASURE_MS = 60_000;
/** In the world that it stands for: 25 to 200. The fewer, the more demand is a guess. */
const READS_PER_SECOND: Record<Rate, number> = { 5: 1_500, 20: 1_000, 100: 1_000 };
/** What the quota is not used for, and what the services take to get under way. */
const LEARN_MARGIN = 1.04;
/** Far from what any of these rates can keep: then the order is by value alone. */
const ALL = { spend: 'all', maxAgeMs: 30_000 } as const;

export function cellsOf(options: Options): Cell[] {
  const { rates, workloads, seed, seeds, quick } = options;
  const cells: Cell[] = [];
  if (workloads.includes('rates')) for (const rate of rates) cells.push(rateCell(rate, { seed, quick }));
  for (const workload of WORKLOADS) if (workloads.includes(workload)) cells.push(seedsCell(workload, { seed, seeds }));
  if (workloads.includes('target')) cells.push(targetCell({ seed, quick }));
  return cells;
}

function rateCell(rate: Rate, { seed, quick }: { seed: number; quick: boolean }): Cell {
  const shape = quick
    ? { ...QUICK_SHAPE, timeScale: (TIME_SCALES[rate] * QUICK_SHAPE.timeScale) / TIME_SCALES[20] }
    : { resources: RESOURCES, timeScale: TIME_SCALES[rate], measureMs: MEASURE_MS };
  return learned(
    { name: `zipf at ${rate}/s`, kind: 'rate', workload: 'zipf', rate },
    { ...shape, seeds: [seed], fetchesEach: quick ? QUICK_LEARNED_AFTER : LEARNED_AFTER },
  );
}

function seedsCell(workload: Workload, { seed, seeds }: { seed: number; seeds: number }): Cell {
  return learned(
    { name: `${workload}, ${seeds} seeds`, kind: 'seeds', workload, rate: 20 },
    { ...SEEDS_SHAPE, seeds: Array.from({ length: seeds }, (_, n) => seed + n), fetchesEach: LEARNED_AFTER },
  );
}

interface Shape {
  resources: number;
  timeScale: number;
  measureMs: number;
  seeds: readonly number[];
  fetchesEach: number;
}

function learned(what: Pick<Cell, 'name' | 'kind' | 'workload' | 'rate'>, shape: Shape): Cell {
  const { resources, timeScale, measureMs, seeds, fetchesEach } = shape;
  const limit = limitOf(what.rate, timeScale, resources);
  const orderOf = (seed: number, learnMs: number): WorldOrder => ({
    ...{ workload: what.workload, seed, size: resources, timeScale },
    shiftAtMs: learnMs + measureMs / 2,
    untilMs: learnMs + measureMs,
  });
  const kept = Math.max(...seeds.map((seed) => keptOf(orderOf(seed, 0), limit)));
  const learnMs = Math.ceil(((resources + fetchesEach * kept) / limit) * 1000 * LEARN_MARGIN);
  return {
    ...{
      ...what,
      timeScale,
      fetchesEach,
      learnMs,
      measureMs,
      readsPerSecond: READS_PER_SECOND[what.rate],
      refresh: ALL,
    },
    places: seeds.map((seed) => ({ id: `w${seed}`, limit, world: orderOf(seed, learnMs) })),
  };
}

/** Calls in a real second. */
function limitOf(rate: number, timeScale: number, resources: number): number {
  return Math.round((rate * timeScale * resources) / RESOURCES);
}

function keptOf(order: WorldOrder, limit: number): number {
  const world = worldOf(order, order.workload === 'recorded' ? readRecording() : undefined);
  const [season] = world.seasons;
  return season === undefined ? 0 : optimumOf(season, limit / 1000).kept;
}

const TARGET_MAX_AGE_MS = 300_000;
const TARGET_SCALE = 20;
const QUOTA_ENOUGH = 1.25;
/** In the settling ones what was fetched in one go spreads over its maxAge. */
const TARGET_ROUNDS = { full: { settling: 2, measured: 3 }, quick: { settling: 1, measured: 2 } };

function targetCell({ seed, quick }: { seed: number; quick: boolean }): Cell {
  const size = quick ? QUICK_SHAPE.resources : RESOURCES;
  const roundMs = TARGET_MAX_AGE_MS / TARGET_SCALE;
  const limit = Math.ceil((size / roundMs) * 1000 * QUOTA_ENOUGH);
  const rounds = quick ? TARGET_ROUNDS.quick : TARGET_ROUNDS.full;
  const learnMs = Math.ceil((size / limit) * 1000) + rounds.settling * roundMs;
  const measureMs = rounds.measured * roundMs;
  const world = { workload: 'zipf', seed, size, timeScale: TARGET_SCALE, shiftAtMs: 0, untilMs: 0 } as const;
  return {
    ...{ name: 'target, quota enough', kind: 'target', workload: 'zipf', rate: 20, timeScale: TARGET_SCALE },
    ...{ fetchesEach: 0, learnMs, measureMs, readsPerSecond: 200 },
    refresh: { spend: 'target', maxAgeMs: TARGET_MAX_AGE_MS },
    places: [{ id: `w${seed}`, limit, world }],
  };
}
