import type { CellOutcome, WorldFigures } from './figures.js';
import type { SystemName } from './systems.js';

export interface Bar {
  readonly text: string;
  readonly found: string;
  readonly met: boolean;
}

/** The machine must have had room left, or nobody's timing means anything. */
export const BUSY_LIMIT = 0.7;
const OF_OPTIMUM = 0.97;
const AFTER_SECOND_SWEEP = 0.9;
const TIMES_THE_CALLS = 4;
const FORECAST_WITHIN = 0.02;
/** Whoever makes more calls than the budget has not run the same race. */
const BUDGET = 1.01;
const OF_MINIMUM = 1.02;
/** Against calls that come by chance alone. */
const MOST_UNEVEN = 2;
/** Of the mean: a burst. */
const FULLEST = 2;

export function barsOf(outcome: CellOutcome): Bar[] {
  const { cell, busyShare } = outcome;
  const room =
    busyShare === null ? [] : [bar('the machine had room left', percent(busyShare), busyShare <= BUSY_LIMIT)];
  switch (cell.kind) {
    case 'rate':
      return [...outcome.worlds.flatMap((world) => rateBars(world, cell.rate)), ...room];
    case 'seeds':
      return [notBelowRoundRobin(outcome.worlds), ...outcome.worlds.slice(0, 1).map(budgetBar), ...room];
    case 'target':
      return [...outcome.worlds.flatMap(targetBars), ...room];
  }
}

export function ratioOf({ served, optimum }: WorldFigures): number {
  return served.freshness / optimum;
}

export function heldBy({ systems }: WorldFigures, system: SystemName): number {
  return systems[system]?.held ?? NaN;
}

function rateBars(world: WorldFigures, rate: number): Bar[] {
  const { ratioAfterSecondSweep: early, timesTheCalls, timesForOptimum, forecast, served } = world;
  const off = forecast === null ? NaN : Math.abs(forecast.freshness - served.freshness);
  return [
    bar(`at least ${OF_OPTIMUM} of the optimum`, ratioOf(world).toFixed(3), ratioOf(world) >= OF_OPTIMUM),
    bar(
      `at least ${AFTER_SECOND_SWEEP} of it after the second sweep`,
      early === null ? 'not that far' : early.toFixed(3),
      early !== null && early >= AFTER_SECOND_SWEEP,
    ),
    ...(rate === 20
      ? [
          bar(
            `round robin needs ${TIMES_THE_CALLS} times the calls`,
            `${timesTheCalls.toFixed(2)}, for the computed optimum ${timesForOptimum.toFixed(2)}`,
            timesTheCalls >= TIMES_THE_CALLS,
          ),
        ]
      : []),
    bar(
      "the planner's forecast within 2 points",
      forecast === null ? 'no forecast' : `${percent(forecast.freshness)} for ${percent(served.freshness)}`,
      off <= FORECAST_WITHIN,
    ),
    notBelowRoundRobin([world]),
    budgetBar(world),
  ];
}

/** What was served, with all that stands between a fetch and its reader, against what round robin held: by no more than the spread of the seeds. */
function notBelowRoundRobin(worlds: readonly WorldFigures[]): Bar {
  const served = worlds.map(({ served: { freshness } }) => freshness);
  const own = mean(served);
  const other = mean(worlds.map((world) => heldBy(world, 'round-robin')));
  const spread = Math.max(...served) - Math.min(...served);
  return bar(
    'not below round robin by more than the spread of the seeds',
    `${percent(own)} for ${percent(other)}`,
    own >= other - spread,
  );
}

function budgetBar({ systems, limit }: WorldFigures): Bar {
  const calls = systems.penstock?.callsPerSecond ?? 0;
  return bar('no more calls than the budget', `${calls.toFixed(1)}/s of ${limit}/s`, calls <= limit * BUDGET);
}

function targetBars({ spacing, callsOfMinimum }: WorldFigures): Bar[] {
  const { longestMs, tooLong, unevenness, fullest } = spacing;
  return [
    bar(
      'every resource within maxAge and a tenth',
      `${tooLong} were later, the longest after ${(longestMs / 1000).toFixed(1)} s`,
      tooLong === 0,
    ),
    bar('calls within 2 % of the minimum', callsOfMinimum.toFixed(3), callsOfMinimum <= OF_MINIMUM),
    bar(
      `calls vary by less than ${MOST_UNEVEN} times what chance does from one quarter of a second to the next`,
      unevenness.toFixed(2),
      unevenness <= MOST_UNEVEN,
    ),
    bar(`no quarter of a second with ${FULLEST} times the mean`, fullest.toFixed(2), fullest < FULLEST),
  ];
}

function bar(text: string, found: string, met: boolean): Bar {
  return { text, found, met };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
