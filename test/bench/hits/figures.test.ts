import { expect, test } from 'vitest';
import { barsOf, ratioOf, sizeFigures, tableText, type SystemFigures } from './figures.js';
import type { SystemName } from './options.js';

const round = (perSecond: number): { perSecond: number; failed: number; requests: number; cpuSeconds: number } => ({
  perSecond,
  failed: 0,
  requests: perSecond,
  cpuSeconds: 0.5,
});

function system(name: SystemName, rates: number[]): SystemFigures {
  return { name, version: '1', bytesPerEntry: null, sizes: [sizeFigures(3500, rates.map(round), null)] };
}

test('the median round counts, and the CPU of all of them', () => {
  const figures = sizeFigures(3500, [round(10_000), round(90_000), round(20_000)], null);
  expect(figures.perSecond).toBe(20_000);
  expect(figures.cpuMicros).toBeCloseTo((1.5 * 1e6) / 120_000);
});

test('nine tenths of bare node:http are enough, less are not', () => {
  const met = (rate: number): boolean | undefined =>
    barsOf([system('penstock', [rate]), system('bare', [30_000])])[0]?.met;
  expect(met(27_000)).toBe(true);
  expect(met(26_900)).toBe(false);
});

test('a request that was not answered with 200 misses a bar', () => {
  const failing = system('penstock', [30_000]);
  failing.sizes[0]!.failed = 1;
  expect(barsOf([failing, system('bare', [30_000])]).map(({ met }) => met)).toEqual([true, false]);
});

test('where bare node:http was not measured there is no ratio, and no bar is met', () => {
  expect(ratioOf([system('penstock', [1])], 'penstock', 3500)).toBeNull();
  expect(barsOf([system('penstock', [1])])[0]?.met).toBe(false);
});

test('the table has a line for each system', () => {
  const text = tableText([system('penstock', [45_000]), system('bare', [30_000])]);
  expect(text).toMatch(/penstock +45000 +1\.50 /);
  expect(text).toMatch(/bare +30000 +1\.00 /);
});
