import { describe, expect, it } from 'vitest';
import { appended, countObservations, observed, tallyOf } from './change-history.js';
import type { ChangeObservation, Tally } from './change-history.js';

const DAY_MS = 86_400_000;
const FORGET_MS = 7 * DAY_MS;
const NOTHING = new Uint8Array(0);

function historyOf(...observations: Partial<ChangeObservation>[]): Uint8Array {
  const none = { intervalMs: null, changed: true, unchangedForMs: null };
  return observations.reduce<Uint8Array>(
    (history, one) => appended(history, observed({ ...none, ...one }, FORGET_MS), FORGET_MS),
    NOTHING,
  );
}

function tallied(history: Uint8Array): Omit<Tally, 'totalS'> & { changedS: number[] } {
  const changedS = new Float64Array(64);
  const { observations, changed, arrivals, quietS } = tallyOf(history, changedS);
  return { observations, changed, arrivals, quietS, changedS: [...changedS.subarray(0, changed)] };
}

/** To a thousandth. */
const near = (seconds: number): unknown => expect.closeTo(seconds, -Math.ceil(Math.log10(seconds / 500)));

describe('a history', () => {
  it('keeps what each refresh showed, in two bytes', () => {
    const history = historyOf(
      { intervalMs: 9_000, changed: false },
      { intervalMs: 120_000 },
      { intervalMs: 8_000, changed: false },
      { intervalMs: 30_000 },
    );
    const counts = { observations: 4, changed: 2, arrivals: 0 };
    expect(tallied(history)).toEqual({ ...counts, quietS: near(17), changedS: [near(120), near(30)] });
    expect(history.byteLength).toBe(8);
  });

  it('keeps intervals from a millisecond to 30 days to a thousandth', () => {
    for (const intervalMs of [1, 37, 1_000, 9_000, 3_600_000, 30 * DAY_MS]) {
      const { quietS } = tallied(historyOf({ intervalMs, changed: false }));
      expect((1_000 * quietS) / intervalMs).toBeCloseTo(1, 2.9);
    }
  });

  it('holds no more than 64, and is at most 256 bytes', () => {
    const many = Array.from({ length: 100 }, (_, i) => ({ intervalMs: 60_000 + i, unchangedForMs: 30_000 }));
    const history = historyOf(...many);
    expect(countObservations(history)).toBe(64);
    expect(history.byteLength).toBe(256);
    expect(countObservations(historyOf(...many.slice(0, 50)))).toBe(50);
  });

  it('forgets what ended more than a week before the newest, and never the newest', () => {
    const daily = { intervalMs: DAY_MS, changed: false };
    expect(countObservations(historyOf(...Array<typeof daily>(20).fill(daily)))).toBe(8);
    expect(countObservations(historyOf(daily, daily, { intervalMs: 20 * DAY_MS }))).toBe(1);
  });

  it('learns nothing from a first call that says nothing of before', () => {
    expect(historyOf({})).toHaveLength(0);
    expect(historyOf({ unchangedForMs: 1_000 })).toHaveLength(0);
  });

  it('adds one history to another as if each refresh had come by itself', () => {
    const some = [{ intervalMs: 9_000 }, { intervalMs: 8_000, changed: false }];
    const others = [{ intervalMs: 50_000, unchangedForMs: 20_000 }, { intervalMs: 7_000 }];
    expect(appended(historyOf(...some), historyOf(...others), FORGET_MS)).toEqual(historyOf(...some, ...others));
  });
});

describe('Last-Modified', () => {
  it('tells how long before the call it had changed', () => {
    const tally = tallied(historyOf({ intervalMs: 120_000, unchangedForMs: 40_000 }));
    expect(tally).toEqual({ observations: 1, changed: 0, arrivals: 1, quietS: near(40), changedS: [] });
  });

  it('tells of the first call when it had changed last, or that it has not for a week', () => {
    const first = { observations: 1, changed: 0, changedS: [] };
    expect(tallied(historyOf({ unchangedForMs: 3_600_000 }))).toEqual({ ...first, arrivals: 1, quietS: near(3_600) });
    const longAgo = historyOf({ unchangedForMs: 40 * DAY_MS });
    expect(tallied(longAgo)).toEqual({ ...first, arrivals: 0, quietS: near(FORGET_MS / 1_000) });
  });

  it('is no measure where calls are as close as its seconds, nor where it is older than the call before', () => {
    for (const [intervalMs, unchangedForMs] of [
      [3_000, 2_000],
      [60_000, 0],
      [60_000, 90_000],
    ] as const) {
      const changedS = [near(intervalMs / 1_000)];
      const tally = tallied(historyOf({ intervalMs, unchangedForMs }));
      expect(tally).toEqual({ observations: 1, changed: 1, arrivals: 0, quietS: 0, changedS });
    }
  });

  it('is not believed of what it once said had changed and had not', () => {
    const first = { unchangedForMs: 5_000 };
    const changed = { intervalMs: 60_000, unchangedForMs: 5_000 };
    const moved = { intervalMs: 60_000, changed: false, unchangedForMs: 5_000 };
    const trusted = tallied(historyOf(first, changed));
    expect(trusted).toMatchObject({ observations: 2, arrivals: 2 });
    const doubted = tallied(historyOf(first, changed, moved));
    expect(doubted).toEqual({ observations: 2, changed: 1, arrivals: 0, quietS: near(60), changedS: [near(60)] });
  });
});
