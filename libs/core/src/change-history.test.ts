import { describe, expect, it } from 'vitest';
import { appended, countObservations, observed, readObservations } from './change-history.js';
import type { ChangeObservation } from './change-history.js';

const DAY_MS = 86_400_000;
const FORGET_MS = 7 * DAY_MS;
const NOTHING = new Uint8Array(0);

type Seen = [changed: boolean, intervalMs: number, exposureMs: number | undefined];

function historyOf(...observations: Partial<ChangeObservation>[]): Uint8Array {
  const none = { intervalMs: null, changed: true, unchangedForMs: null };
  return observations.reduce<Uint8Array>(
    (history, one) => appended(history, observed({ ...none, ...one }, FORGET_MS), FORGET_MS),
    NOTHING,
  );
}

function seenIn(history: Uint8Array): Seen[] {
  const seen: Seen[] = [];
  readObservations(history, (...one) => seen.push(one));
  return seen;
}

const near = (ms: number): unknown => expect.closeTo(ms, -Math.ceil(Math.log10(ms / 500)));

describe('a history', () => {
  it('keeps what each refresh showed, in order', () => {
    const history = historyOf({ intervalMs: 9_000, changed: false }, { intervalMs: 120_000 });
    expect(seenIn(history)).toEqual([
      [false, near(9_000), undefined],
      [true, near(120_000), undefined],
    ]);
    expect(history.byteLength).toBe(4);
  });

  it('keeps intervals from a millisecond to 30 days to a thousandth', () => {
    for (const intervalMs of [1, 37, 1_000, 9_000, 3_600_000, 30 * DAY_MS]) {
      const [one] = seenIn(historyOf({ intervalMs, changed: false }));
      expect((one?.[1] ?? 0) / intervalMs).toBeCloseTo(1, 2.9);
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
    expect(seenIn(historyOf(daily, daily, { intervalMs: 20 * DAY_MS }))).toHaveLength(1);
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
    expect(seenIn(historyOf({ intervalMs: 120_000, unchangedForMs: 40_000 }))).toEqual([
      [true, near(120_000), near(40_000)],
    ]);
  });

  it('tells of the first call when it had changed last, or that it has not for a week', () => {
    expect(seenIn(historyOf({ unchangedForMs: 3_600_000 }))).toEqual([[true, Infinity, near(3_600_000)]]);
    expect(seenIn(historyOf({ unchangedForMs: 40 * DAY_MS }))).toEqual([[false, near(FORGET_MS), undefined]]);
  });

  it('is no measure where calls are as close as its seconds, nor where it is older than the call before', () => {
    const none = [[true, expect.anything(), undefined]];
    expect(seenIn(historyOf({ intervalMs: 3_000, unchangedForMs: 2_000 }))).toEqual(none);
    expect(seenIn(historyOf({ intervalMs: 60_000, unchangedForMs: 0 }))).toEqual(none);
    expect(seenIn(historyOf({ intervalMs: 60_000, unchangedForMs: 90_000 }))).toEqual(none);
  });

  it('is not believed of what it once said had changed and had not', () => {
    const first = { unchangedForMs: 5_000 };
    const changed = { intervalMs: 60_000, unchangedForMs: 5_000 };
    const moved = { intervalMs: 60_000, changed: false, unchangedForMs: 5_000 };
    expect(seenIn(historyOf(first, changed, moved))).toEqual([
      [true, near(60_000), undefined],
      [false, near(60_000), undefined],
    ]);
  });
});
