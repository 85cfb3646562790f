import { describe, expect, it } from 'vitest';
import { StatSheet } from './stat-sheet.js';

describe('the sheet of what was learned', () => {
  it('adds up reads, refreshes and changes of a key, and keeps the latest change', () => {
    const sheet = new StatSheet(10);
    sheet.read('crm', 'k1', 3);
    sheet.refreshed('crm', 'k1', 900);
    sheet.refreshed('crm', 'k1', null);
    sheet.refreshed('crm', 'k1', 700);
    sheet.read('crm', 'k2', 1);
    expect(sheet.take(10)).toEqual([
      { upstream: 'crm', key: 'k1', reads: 3, refreshes: 3, changes: 2, lastChangedAt: 900 },
      { upstream: 'crm', key: 'k2', reads: 1, refreshes: 0, changes: 0, lastChangedAt: null },
    ]);
    expect(sheet.size).toBe(0);
  });

  it('holds no more keys than it may, and goes on counting those it has', () => {
    const sheet = new StatSheet(2);
    for (const key of ['k1', 'k2', 'k3', 'k1']) sheet.read('crm', key, 1);
    expect(sheet.take(10).map(({ key, reads }) => [key, reads])).toEqual([
      ['k1', 2],
      ['k2', 1],
    ]);
  });

  it('takes back what could not be written, together with what came meanwhile', () => {
    const sheet = new StatSheet(10);
    sheet.read('crm', 'k1', 1);
    const batch = sheet.take(1);
    sheet.read('crm', 'k1', 2);
    for (const delta of batch) sheet.add(delta);
    expect(sheet.take(1)).toMatchObject([{ key: 'k1', reads: 3 }]);
  });
});
