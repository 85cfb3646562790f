import { describe, expect, it } from 'vitest';
import { Demand } from './demand.js';

const START_MS = 1_700_000_000_000;
const HOUR_MS = 3_600_000;

/** One resource a number: its reads as of the start. */
function demandOf(reads: readonly number[], timeScale = 1): Demand {
  const demand = new Demand(timeScale);
  demand.reserve(reads.length);
  reads.forEach((count, slot) => demand.heard(slot, count, START_MS));
  demand.settle(reads.length, START_MS);
  return demand;
}

describe('demand', () => {
  it('is the same for all while nobody reads', () => {
    const demand = demandOf([0, 0, 0]);
    expect([0, 1, 2].map((slot) => demand.share(slot, START_MS))).toEqual([1, 1, 1]);
  });

  it('is in proportion to the reads, 1 in the mean, and a twentieth of that where nobody reads', () => {
    const demand = demandOf([0, 100, 200]);
    const shares = [0, 1, 2].map((slot) => demand.share(slot, START_MS));
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(3, 3);
    expect(shares[0]).toBeCloseTo(0.05 / 1.05, 3);
    expect(shares[2]).toBeCloseTo(2.05 / 1.05, 3);
  });

  it('counts a read for half after an hour, however long ago the other was told', () => {
    const demand = demandOf([100, 0, 0]);
    demand.heard(1, 100, START_MS + HOUR_MS);
    const after = START_MS + HOUR_MS;
    demand.settle(3, after);
    const [older = 0, newer = 0, none = 0] = [0, 1, 2].map((slot) => demand.share(slot, after));
    expect((newer - none) / (older - none)).toBeCloseTo(2, 6);
  });

  it('is all the same again a week after the last read', () => {
    const demand = demandOf([100, 0, 0]);
    const later = START_MS + 7 * 24 * HOUR_MS;
    demand.settle(3, later);
    expect(demand.share(0, later) / demand.share(1, later)).toBeCloseTo(1, 3);
  });

  it('fades faster where time runs faster', () => {
    const demand = demandOf([100, 100], 60);
    demand.heard(1, 100, START_MS + HOUR_MS / 60);
    demand.settle(2, START_MS + HOUR_MS / 60);
    const [older = 0, newer = 0] = [0, 1].map((slot) => demand.share(slot, START_MS + HOUR_MS / 60));
    expect(newer / older).toBeGreaterThan(1.9);
  });

  it('survives months of counting, and forgets what is gone', () => {
    const demand = demandOf([100, 100]);
    const months = START_MS + 5_000 * HOUR_MS;
    demand.heard(0, 60, months);
    demand.heard(1, 20, months);
    demand.settle(2, months);
    expect(demand.share(0, months)).toBeCloseTo((1.5 + 0.05) / 1.05, 2);
    demand.forget(0);
    expect(demand.settle(1, months)).toBe(true);
    expect(demand.share(1, months)).toBeCloseTo(1, 6);
  });

  it('tells when all are held against another mean, and not at every read', () => {
    const demand = demandOf([100, 100]);
    demand.heard(0, 120, START_MS);
    expect(demand.settle(2, START_MS)).toBe(false);
    demand.heard(0, 180, START_MS);
    expect(demand.settle(2, START_MS)).toBe(true);
  });
});
