import { describe, expect, it } from 'vitest';
import { drawer, stream } from './chances.js';
import { readRecording, recordingOf } from './recording.js';
import { versionAt, type Season, type World } from './world.js';
import { MEAN_RATE, worldOf, WORKLOADS, type WorldOrder } from './workloads.js';

const recording = readRecording();
const orderOf = (workload: WorldOrder['workload'], seed = 1): WorldOrder => ({
  ...{ workload, seed, size: 2000, timeScale: 20, shiftAtMs: 60_000, untilMs: 240_000 },
});
const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);

function first(world: World): Season {
  const [season] = world.seasons;
  if (season === undefined) throw new Error('expected a season');
  return season;
}

/** Of the logarithms. */
function correlation(a: Float64Array, b: Float64Array): number {
  const logs = [a, b].map((values) => [...values].map(Math.log));
  const [x, y] = logs.map((values) => {
    const mean = values.reduce((total, value) => total + value, 0) / values.length;
    return values.map((value) => value - mean);
  }) as [number[], number[]];
  const dot = (p: number[], q: number[]): number => p.reduce((total, value, i) => total + value * (q[i] ?? 0), 0);
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
}

describe.each(WORKLOADS)('the workload %s', (workload) => {
  const world = worldOf(orderOf(workload), recording);

  it('has shares of demand in every season', () => {
    for (const { weights } of world.seasons) expect(sum(weights)).toBeCloseTo(1, 9);
  });

  it('changes about as often as all others, so much faster than the world that it stands for', () => {
    const mean = sum(first(world).rates) / world.size;
    expect(mean / (MEAN_RATE * 20)).toBeGreaterThan(0.8);
    expect(mean / (MEAN_RATE * 20)).toBeLessThan(1.6);
  });

  it('follows from its seed', () => {
    const again = worldOf(orderOf(workload), recording);
    const other = worldOf(orderOf(workload, 2), recording);
    expect(again.seasons).toEqual(world.seasons);
    expect(versionAt(again.changes, 5, 100_000)).toBe(versionAt(world.changes, 5, 100_000));
    expect(first(other).weights).not.toEqual(first(world).weights);
  });
});

it('in zipf the demand says nothing of the changes, and tied it says all', () => {
  const zipf = first(worldOf(orderOf('zipf'), undefined));
  const tied = first(worldOf(orderOf('tied'), undefined));
  expect(Math.abs(correlation(zipf.rates, zipf.weights))).toBeLessThan(0.08);
  expect(correlation(tied.rates, tied.weights)).toBeGreaterThan(0.85);
  expect(tied.rates).toEqual(zipf.rates);
});

it('days have their noon in three zones in turn', () => {
  const { seasons } = worldOf(orderOf('days'), undefined);
  const noonOf = (zone: number): number => {
    const demand = seasons.slice(0, 12).map(({ weights }) => sum(weights.filter((_, item) => item % 3 === zone)));
    return demand.indexOf(Math.max(...demand));
  };
  expect(new Set([0, 1, 2].map(noonOf)).size).toBe(3);
});

it('a shift gives demand and rates to others', () => {
  const { seasons } = worldOf(orderOf('shifts'), undefined);
  const [before, after] = seasons as [Season, Season]; // there are two
  expect(after.fromMs).toBe(60_000);
  expect(after.rates.toSorted()).toEqual(before.rates.toSorted());
  expect(Math.abs(correlation(before.rates, after.rates))).toBeLessThan(0.08);
  expect(Math.abs(correlation(before.weights, after.weights))).toBeLessThan(0.08);
});

describe('the recording', () => {
  it('has hundreds of records with times in order', () => {
    expect(recording.length).toBeGreaterThan(400);
    for (const { atMs, periodMs } of recording) {
      expect(atMs.length).toBeGreaterThanOrEqual(8);
      expect(atMs).toEqual(atMs.toSorted((a, b) => a - b));
      expect(atMs.at(-1) ?? 0).toBeLessThan(periodMs);
    }
  });

  it('is read from gaps in minutes', () => {
    expect(recordingOf('product,minutes\na,5 10 20\n')).toEqual([
      { atMs: [600_000, 1_800_000], periodMs: (4 * 365.25 * 24 * 60 - 5) * 60_000 },
    ]);
  });
});

it('members are drawn as often as their weights say', () => {
  const draw = drawer(Float64Array.of(5, 1, 0, 4));
  const next = stream(1, 'draws');
  const counts = new Float64Array(4);
  for (let n = 0; n < 20_000; n += 1) {
    const member = draw(next);
    counts[member] = (counts[member] ?? 0) + 1 / 20_000;
  }
  [0.5, 0.1, 0, 0.4].forEach((share, member) => expect(Math.abs((counts[member] ?? 0) - share)).toBeLessThan(0.015));
});
