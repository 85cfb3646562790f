import { describe, expect, it } from 'vitest';
import { barsOf } from './bars.js';
import { cellsOf } from './cells.js';
import type { CellOutcome, WorldFigures } from './figures.js';
import { forecastIn } from './forecast.js';
import { readOptions } from './options.js';

const cells = cellsOf(readOptions(['--rates', '20', '--workloads', 'rates,zipf,target', '--seeds', '2']));

function worldOf(served: number, more: Partial<WorldFigures> = {}): WorldFigures {
  const system = { callsPerSecond: 99, refused: 0, held: served };
  return {
    ...{
      seed: 1,
      limit: 100,
      optimum: 0.9,
      optimumOfOwnCalls: 0.9,
      roundRobinComputed: 0.7,
      fetchesEach: 20,
      timesTheCalls: 4.5,
      timesForOptimum: 5,
    },
    systems: { penstock: system, 'round-robin': { ...system, held: 0.7 } },
    served: { reads: 1000, freshness: served, unanswered: 0 },
    ratioAfterSecondSweep: 0.92,
    forecast: { freshness: served + 0.01, low: 0.8, high: 0.9 },
    spacing: { longestMs: 16_000, tooLong: 0, unevenness: 0.1, fullest: 1.2 },
    callsOfMinimum: 1.01,
    ...more,
  };
}

function missedOf(kind: 'rate' | 'seeds' | 'target', worlds: WorldFigures[], busyShare = 0.5): string[] {
  const cell = cells.find((one) => one.kind === kind);
  if (cell === undefined) throw new Error(`expected a cell of ${kind}`);
  const outcome: CellOutcome = { cell, worlds, busyShare, cpuMicros: {} };
  return barsOf(outcome)
    .filter(({ met }) => !met)
    .map(({ text }) => text);
}

describe('bars of a rate', () => {
  it('are met by what is near enough to the optimum', () => {
    expect(missedOf('rate', [worldOf(0.88)])).toEqual([]);
  });

  it.each<[string, WorldFigures]>([
    ['at least 0.97 of the optimum', worldOf(0.87)],
    ['at least 0.9 of it after the second sweep', worldOf(0.88, { ratioAfterSecondSweep: 0.89 })],
    ['at least 0.9 of it after the second sweep', worldOf(0.88, { ratioAfterSecondSweep: null })],
    ['round robin needs 4 times the calls', worldOf(0.88, { timesTheCalls: 3.9 })],
    ["the planner's forecast within 2 points", worldOf(0.88, { forecast: null })],
    ["the planner's forecast within 2 points", worldOf(0.88, { forecast: { freshness: 0.85, low: 0.8, high: 0.9 } })],
    ['no more calls than the budget', worldOf(0.88, { limit: 90 })],
  ])('miss: %s', (text, world) => {
    expect(missedOf('rate', [world])).toEqual([text]);
  });

  it('mean nothing where the machine was busy', () => {
    expect(missedOf('rate', [worldOf(0.88)], 0.71)).toEqual(['the machine had room left']);
  });
});

describe('bars of seeds', () => {
  it('allow what the spread of the seeds explains, and no more', () => {
    expect(missedOf('seeds', [worldOf(0.66), worldOf(0.72)])).toEqual([]);
    expect(missedOf('seeds', [worldOf(0.66), worldOf(0.67)])).toEqual([
      'not below round robin by more than the spread of the seeds',
    ]);
  });
});

describe('bars of the target', () => {
  it.each<[string, Partial<WorldFigures>]>([
    [
      'every resource within maxAge and a tenth',
      { spacing: { longestMs: 17_000, tooLong: 1, unevenness: 0, fullest: 1 } },
    ],
    ['calls within 2 % of the minimum', { callsOfMinimum: 1.03 }],
    [
      'no quarter of a second with 2 times the mean',
      { spacing: { longestMs: 1, tooLong: 0, unevenness: 0, fullest: 2 } },
    ],
  ])('miss: %s', (text, more) => {
    expect(missedOf('target', [worldOf(0.9, more)])).toEqual([text]);
  });

  it('are met by even calls that keep every maxAge', () => {
    expect(missedOf('target', [worldOf(0.9)])).toEqual([]);
  });
});

it('a forecast is that of the rate which was asked for', () => {
  const answer = { rates: [{ callsPerSecond: 500, freshness: { value: 0.88, low: 0.87, high: 0.9 } }] };
  expect(forecastIn(answer, 500)).toEqual({ freshness: 0.88, low: 0.87, high: 0.9 });
  expect(forecastIn(answer, 400)).toBeUndefined();
  expect(forecastIn({ status: 501 }, 500)).toBeUndefined();
});
