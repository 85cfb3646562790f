import { describe, expect, it } from 'vitest';
import { cellsOf, type Cell } from './cells.js';
import { readOptions } from './options.js';
import { configOf } from './penstock.js';

function seconds(cells: readonly Cell[]): number {
  return cells.reduce((sum, { learnMs, measureMs }) => sum + (learnMs + measureMs) / 1000, 0);
}

describe('cells', () => {
  const all = cellsOf(readOptions([]));

  it('are each rate, each workload in some seeds, and the target', () => {
    expect(all.map(({ name }) => name)).toEqual([
      ...['zipf at 5/s', 'zipf at 20/s', 'zipf at 100/s'],
      ...['zipf', 'tied', 'days', 'shifts', 'recorded'].map((name) => `${name}, 5 seeds`),
      'target, quota enough',
    ]);
  });

  it('take no more than half an hour in all, and three minutes where it has to be quick', () => {
    expect(seconds(all)).toBeLessThan(29 * 60);
    expect(seconds(cellsOf(readOptions(['--quick'])))).toBeLessThan(2.6 * 60);
  });

  it('have the same rate for each resource, and 300 to 600 calls in a real second', () => {
    for (const { places, rate, timeScale, kind } of all) {
      const calls = places.reduce((sum, { limit }) => sum + limit, 0);
      expect(calls).toBeGreaterThanOrEqual(300);
      expect(calls).toBeLessThanOrEqual(600);
      if (kind !== 'target')
        for (const { limit, world } of places) expect(limit / timeScale / world.size).toBeCloseTo(rate / 6000, 6);
    }
  });

  it('shift half way through the measured time', () => {
    const shifts = all.find(({ workload }) => workload === 'shifts');
    expect(shifts?.places[0]?.world.shiftAtMs).toBe((shifts?.learnMs ?? 0) + (shifts?.measureMs ?? 0) / 2);
  });
});

it("Penstock is told each world's limit and resources", () => {
  const [cell] = cellsOf(readOptions(['--workloads', 'rates', '--quick']));
  const text = configOf(cell as Cell, 'http://127.0.0.1:1'); // there is one
  expect(text).toContain("    baseUrl: 'http://127.0.0.1:1/w1/penstock'\n");
  expect(text).toContain('      windows: [{ limit: 300, per: 1s }]\n');
  expect(text).toContain("      resources: ['/items/{1..1500}']\n");
});

it.each([
  [['--rates', '7'], /expected some of 5, 20, 100/],
  [['--systems', 'optimum'], /expected round-robin/],
  [['--workloads', 'all'], /expected some of rates, zipf/],
])('refuses %j', (args, message) => {
  expect(() => readOptions(args)).toThrow(message);
});
