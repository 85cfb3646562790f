import { describe, expect, it } from 'vitest';
import { observed } from '#core';
import type { StatBefore } from '#store';
import { continuedFrom, readsAt } from './stat-line.js';
import type { StatDelta } from './stat-sheet.js';

const FORGET_MS = 604_800_000;
const TERMS = { priors: { overall: 0.5, templates: { '/items/{}': 0.001 } }, forgetMs: FORGET_MS, timeScale: 1 };

const shown = (changed: boolean): Uint8Array =>
  observed({ intervalMs: 60_000, changed, unchangedForMs: null }, FORGET_MS);

function deltaOf(more: Partial<StatDelta> = {}): StatDelta {
  return {
    ...{ upstream: 'crm', key: 'k1', template: '/items/{}', reads: 2, refreshes: 1, changes: 0, lastChangedAt: null },
    ...{ history: shown(false), cost: { kept: 0.875, added: 0.125 } },
    ...more,
  };
}

function beforeOf(more: Partial<StatBefore> = {}): StatBefore {
  return {
    ...{ key: 'k1', revision: 7, history: shown(true), refreshes: 3, cost: 9, reads: 0, readsAt: 0 },
    ...more,
  };
}

describe('what is to be written of a key', () => {
  it('goes on from what stands there', () => {
    const write = continuedFrom(beforeOf(), deltaOf(), TERMS);
    expect(write).toMatchObject({ key: 'k1', upstream: 'crm', template: '/items/{}', revision: 8, observations: 2 });
    expect(write.history).toEqual(new Uint8Array([...shown(true), ...shown(false)]));
    expect(write.cost).toBeCloseTo(9 - (9 - 1) / 8);
    expect(write).toMatchObject({ reads: 2, refreshes: 1 });
  });

  it('begins where nothing stands', () => {
    const write = continuedFrom(undefined, deltaOf({ cost: { kept: 0.875, added: 0.5 } }), TERMS);
    expect(write).toMatchObject({ revision: 1, observations: 1, cost: 4 });
  });

  it('has a rate that is drawn to that of its kind, else to that of the upstream', () => {
    const ofItem = continuedFrom(undefined, deltaOf(), TERMS).changeRate ?? 0;
    const ofOther = continuedFrom(undefined, deltaOf({ template: '/others/{}' }), TERMS).changeRate ?? 0;
    expect(ofItem).toBeLessThan(0.001);
    expect(ofOther).toBeGreaterThan(5 * ofItem);
  });

  it('has no rate before anything was seen, whatever is expected', () => {
    const write = continuedFrom(undefined, deltaOf({ history: new Uint8Array(0) }), TERMS);
    expect(write).toMatchObject({ observations: 0, changeRate: null, rateSpread: null });
  });
});

it('reads count half after each half-life, and no more where the store is ahead of our clock', () => {
  expect(readsAt(3_000, { reads: 8, readsAt: 1_000 }, 1_000)).toBe(2);
  expect(readsAt(0, { reads: 8, readsAt: 1_000 }, 1_000)).toBe(8);
});
