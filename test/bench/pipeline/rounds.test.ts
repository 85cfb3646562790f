import { describe, expect, it } from 'vitest';
import { barsOf, summaryOf, type Round } from './rounds.js';

const round = (elapsedMs: number): Round => ({ refreshes: 20_000, elapsedMs, cpuSeconds: { dispatcher: 4 } });

describe('rounds of the pipeline', () => {
  it('the rate is that of the median round, the CPU that of all', () => {
    const summary = summaryOf([round(5_000), round(20_000), round(10_000)]);
    expect(summary.perSecond).toBe(2_000);
    expect(summary.rounds).toEqual([4_000, 1_000, 2_000]);
    expect(summary.cpuMicros).toEqual({ dispatcher: 200 });
  });

  it('each bar has a rate of its own', () => {
    const met = (elapsedMs: number, chainMs: number): boolean[] =>
      barsOf(summaryOf([round(elapsedMs)]), summaryOf([round(chainMs)])).map((bar) => bar.met);
    expect(met(5_900, 12_000)).toEqual([true, true, true]);
    expect(met(7_900, 12_000)).toEqual([false, true, false]);
    expect(met(8_100, 17_000)).toEqual([false, false, true]);
  });
});
