import { describe, expect, it } from 'vitest';
import { rowOf } from './rows.js';
import { episodeEnds, tallyOf } from './tally.js';

const row = rowOf('sliding'); // 200 per 2 s
const evenly = (fromMs: number, toMs: number, everyMs: number, status = 200) =>
  Array.from({ length: Math.ceil((toMs - fromMs) / everyMs) }, (_, i) => ({
    atMs: fromMs + i * everyMs,
    status,
    kind: 'ordinary',
  }));

describe('the tally of a cell', () => {
  it('good calls are a share of the quota, and only what lies in the measured time counts', () => {
    const arrivals = [...evenly(0, 20_000, 20), { atMs: 25_000, status: 429, kind: 'violation' }];
    const tally = tallyOf(row, { startMs: 0, endMs: 20_000, arrivals, pauseEndsMs: [] });
    expect(tally).toMatchObject({ calls: 1000, good: 1000, share: 0.5, throttles: 0, violations: 0, recoveryMs: null });
  });

  it('throttles are counted per 10,000 calls, and by parts', () => {
    const arrivals = [...evenly(0, 30_000, 10), { atMs: 29_999, status: 429, kind: 'ordinary' }];
    const tally = tallyOf(row, { startMs: 0, endMs: 30_000, arrivals, pauseEndsMs: [] });
    expect(tally.throttlesPer10k).toBeCloseTo(10_000 / 3001);
    expect(tally.rounds.map(({ throttlesPer10k }) => throttlesPer10k > 0)).toEqual([false, false, true]);
    expect(tally.rounds[0]?.share).toBeCloseTo(1);
  });

  it('bare throttles within a second are one pause, which ends with the last', () => {
    expect(episodeEnds([0, 100, 900, 3000, 3500])).toEqual([900, 3500]);
  });

  it('the time to 90 % runs from the end of the pause to the end of a window that is nine tenths full', () => {
    const arrivals = [
      { atMs: 10_000, status: 429, kind: 'ordinary' },
      ...evenly(11_000, 14_000, 40),
      ...evenly(14_000, 30_000, 10),
    ].toSorted((a, b) => a.atMs - b.atMs);
    const { recoveryMs } = tallyOf(row, { startMs: 0, endMs: 30_000, arrivals, pauseEndsMs: [] });
    expect(recoveryMs).toBeGreaterThan(5_600);
    expect(recoveryMs).toBeLessThan(6_000);
  });

  it('a rate that is never reached again takes for ever', () => {
    const arrivals = [{ atMs: 10_000, status: 429, kind: 'ordinary' }, ...evenly(11_000, 30_000, 40)];
    expect(tallyOf(row, { startMs: 0, endMs: 30_000, arrivals, pauseEndsMs: [] }).recoveryMs).toBe(Infinity);
  });
});
