import { describe, expect, it } from 'vitest';
import { WORKLOADS } from '../workloads.js';
import { play, type Game } from './play.js';

/** Small, and so slow that a second of the services is little in it: what is measured is what they know and choose. */
const GAME: Game = {
  ...{ workload: 'zipf', seed: 1, size: 600, rate: 20, timeScale: 25, fetchesEach: 20, measureMs: 60_000 },
  ...{ readsPerSecond: 200, callMs: 400, wordMs: 50, lessonMs: 1_000 },
};

describe('what is learned and chosen, in virtual time', { timeout: 60_000 }, () => {
  it.each([5, 20, 100])('come to 0.96 of the optimum at %d calls/s', (rate) => {
    const { ratio, callsOfBudget } = play({ ...GAME, rate, timeScale: rate === 100 ? 5 : 25 });
    expect(ratio).toBeGreaterThan(0.96);
    expect(callsOfBudget).toBeGreaterThan(0.98);
    expect(callsOfBudget).toBeLessThan(1.005);
  });

  it.each(WORKLOADS)('are above round robin on the workload %s', (workload) => {
    const { held, roundRobin } = play({ ...GAME, workload, fetchesEach: 10 });
    expect(held).toBeGreaterThan(roundRobin + 0.03);
  });
});
