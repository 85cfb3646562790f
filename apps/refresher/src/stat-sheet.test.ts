import { describe, expect, it } from 'vitest';
import { observed } from '#core';
import { StatSheet } from './stat-sheet.js';
import type { Refreshed } from './stat-sheet.js';

const FORGET_MS = 604_800_000;
const NOTHING = new Uint8Array(0);

const sheetOf = (mostKeys = 10): StatSheet => new StatSheet({ mostKeys, forgetMs: FORGET_MS });

const shown = (intervalMs: number): Uint8Array =>
  observed({ intervalMs, changed: true, unchangedForMs: null }, FORGET_MS);

function refreshed(key: string, more: Partial<Refreshed> = {}): Refreshed {
  return { upstream: 'crm', key, path: '/items/1', history: NOTHING, changedAt: null, cost: 1, ...more };
}

describe('the sheet of what was learned', () => {
  it('adds up what is told of a key, and keeps the latest change', () => {
    const sheet = sheetOf();
    sheet.read('crm', 'k1', 3);
    sheet.refreshed(refreshed('k1', { changedAt: 900, history: shown(9_000) }));
    sheet.refreshed(refreshed('k1'));
    sheet.refreshed(refreshed('k1', { changedAt: 700, history: shown(8_000) }));
    sheet.read('crm', 'k1', 1);
    const [line, ...others] = sheet.takeRefreshed(10);
    expect(line).toMatchObject({ upstream: 'crm', key: 'k1', template: '/items/{}', reads: 4 });
    expect(line).toMatchObject({ refreshes: 3, changes: 2, lastChangedAt: 900 });
    expect(line?.history).toEqual(new Uint8Array([...shown(9_000), ...shown(8_000)]));
    expect(others).toEqual([]);
    expect(sheet.takeRead(10)).toEqual([]);
  });

  it('keeps what was only read apart', () => {
    const sheet = sheetOf();
    sheet.read('crm', 'k1', 3);
    sheet.read('crm', 'k1', 1);
    expect(sheet.takeRefreshed(10)).toEqual([]);
    expect(sheet.takeRead(10)).toEqual([{ upstream: 'crm', key: 'k1', reads: 4 }]);
    expect(sheet.readKeys).toBe(0);
  });

  it('holds no more keys than it may, and goes on counting those it has', () => {
    const sheet = sheetOf(2);
    for (const key of ['k1', 'k2', 'k3', 'k1']) sheet.read('crm', key, 1);
    expect(sheet.takeRead(10).map(({ key, reads }) => [key, reads])).toEqual([
      ['k1', 2],
      ['k2', 1],
    ]);
    for (const key of ['k1', 'k2', 'k3', 'k1']) sheet.refreshed(refreshed(key));
    expect(sheet.takeRefreshed(10).map(({ key, refreshes }) => [key, refreshes])).toEqual([
      ['k1', 2],
      ['k2', 1],
    ]);
  });

  it('takes back what could not be written, before what came meanwhile', () => {
    const sheet = sheetOf();
    sheet.read('crm', 'k1', 1);
    sheet.refreshed(refreshed('k1', { history: shown(9_000), changedAt: 700 }));
    const batch = sheet.takeRefreshed(1);
    sheet.refreshed(refreshed('k1', { history: shown(8_000), changedAt: 900 }));
    sheet.read('crm', 'k1', 2);
    sheet.putBack(batch);
    const [line] = sheet.takeRefreshed(1);
    expect(line).toMatchObject({ reads: 3, refreshes: 2, changes: 2, lastChangedAt: 900 });
    expect(line?.history).toEqual(new Uint8Array([...shown(9_000), ...shown(8_000)]));
  });

  it('tells of costs what remains of the one before, and what is added', () => {
    const sheet = sheetOf();
    const costs = [1, 0, 0, 4, 1];
    for (const cost of costs) sheet.refreshed(refreshed('k1', { cost }));
    const [line] = sheet.takeRefreshed(1);
    const oneByOne = costs.reduce((mean, cost) => mean + (cost - mean) / 8, 2);
    expect(2 * (line?.cost.kept ?? 0) + (line?.cost.added ?? 0)).toBeCloseTo(oneByOne);
  });
});
