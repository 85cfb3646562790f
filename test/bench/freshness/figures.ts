import type { Cell } from './cells.js';
import type { Forecast } from './forecast.js';
import { callsWithin, heldFreshness, servedFreshness, spacingOf, timeOfCall } from './judge.js';
import type { CallLog, ReadLog, Served, Spacing, Span } from './judge.js';
import { optimumOf, optimumOver, roundRobinOver, timesTheCalls } from './optimum.js';
import type { SystemName } from './systems.js';
import type { Place } from './upstream-main.js';
import type { World } from './world.js';

/** What was written down of one world. */
export interface Records {
  readonly place: Place;
  readonly world: World;
  readonly calls: ReadonlyMap<SystemName, CallLog>;
  readonly refused: ReadonlyMap<SystemName, number>;
  readonly reads: ReadLog;
  readonly forecast: Forecast | undefined;
}

export interface SystemFigures {
  /** Of a real second. */
  readonly callsPerSecond: number;
  readonly refused: number;
  /** Of what it had fetched, demand-weighted, over all of the measured time. */
  readonly held: number;
}

export interface WorldFigures {
  readonly seed: number;
  readonly limit: number;
  readonly optimum: number;
  /** With as many calls as Penstock came to make: what it chose, apart from what it left unspent. */
  readonly optimumOfOwnCalls: number;
  readonly roundRobinComputed: number;
  readonly systems: Partial<Record<SystemName, SystemFigures>>;
  /** What Penstock's readers were given. */
  readonly served: Served;
  /** Before it was measured, for each resource that is worth a call at all. */
  readonly fetchesEach: number;
  /** What it held in the third sweep, of the optimum then; null: it has not come so far. */
  readonly ratioAfterSecondSweep: number | null;
  /** What round robin would have to be given for what was served, and for the optimum. */
  readonly timesTheCalls: number;
  readonly timesForOptimum: number;
  readonly forecast: Forecast | null;
  readonly spacing: Spacing;
  /** Calls of the measured time over those that just keep every maxAge. */
  readonly callsOfMinimum: number;
}

export interface CellOutcome {
  readonly cell: Cell;
  readonly worlds: WorldFigures[];
  /** Of the measured time; null: it cannot be asked. */
  readonly busyShare: number | null;
  /** For each of Penstock's calls, by program, with what its readers cost. */
  readonly cpuMicros: Record<string, number>;
}

/** How much older than its maxAge anything may get. */
const LATE_SHARE = 1.1;

export function figuresOf(cell: Cell, records: Records): WorldFigures {
  const { place, world, reads, forecast } = records;
  const span = { fromMs: cell.learnMs, toMs: cell.learnMs + cell.measureMs };
  const budget = place.limit / 1000;
  const own = records.calls.get('penstock');
  if (own === undefined) throw new Error('expected a log of the calls of penstock, found none');
  const served = servedFreshness(world, reads, span);
  const maxAgeMs = cell.refresh.maxAgeMs / cell.timeScale;
  const calls = callsWithin(own, span);
  const optimum = optimumOver(world.seasons, budget, span);
  return {
    optimumOfOwnCalls: optimumOver(world.seasons, calls / cell.measureMs, span),
    ...{ optimum, seed: place.world.seed, limit: place.limit, served, forecast: forecast ?? null },
    roundRobinComputed: roundRobinOver(world.seasons, budget, span),
    systems: Object.fromEntries(
      [...records.calls].map(([name, log]) => [name, systemFigures(records, name, log, span)]),
    ),
    fetchesEach: callsWithin(own, { fromMs: -Infinity, toMs: span.fromMs }) / keptOf(world, budget),
    ratioAfterSecondSweep: ratioAfterSecondSweep(world, own, budget),
    timesTheCalls: timesTheCalls(world.seasons, budget, span, served.freshness),
    timesForOptimum: timesTheCalls(world.seasons, budget, span, optimum),
    spacing: spacingOf(world.size, own, span, LATE_SHARE * maxAgeMs),
    callsOfMinimum: calls / ((world.size * cell.measureMs) / maxAgeMs),
  };
}

function systemFigures({ world, refused }: Records, name: SystemName, log: CallLog, span: Span): SystemFigures {
  return {
    callsPerSecond: (callsWithin(log, span) / (span.toMs - span.fromMs)) * 1000,
    refused: refused.get(name) ?? 0,
    held: heldFreshness(world, log, span),
  };
}

function keptOf({ seasons }: World, budget: number): number {
  const [season] = seasons;
  return season === undefined ? 1 : Math.max(1, optimumOf(season, budget).kept);
}

/** From twice as many calls as there are resources to three times. */
export function ratioAfterSecondSweep(world: World, log: CallLog, budget: number): number | null {
  const [fromMs, toMs] = [timeOfCall(log, 2 * world.size), timeOfCall(log, 3 * world.size)];
  if (fromMs === undefined || toMs === undefined) return null;
  const span = { fromMs, toMs };
  return heldFreshness(world, log, span) / optimumOver(world.seasons, budget, span);
}
