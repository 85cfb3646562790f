import { describe, expect, it } from 'vitest';
import { appended, observed } from './change-history.js';
import type { ChangeObservation } from './change-history.js';
import { estimateChangeRate, priorRateOf, rateInterval } from './change-rate.js';
import type { ChangeRateEstimate } from './change-rate.js';

const FORGET_MS = 7 * 86_400_000;
const NOTHING = new Uint8Array(0);

function historyOf(observations: readonly ChangeObservation[]): Uint8Array {
  return observations.reduce<Uint8Array>(
    (history, one) => appended(history, observed(one, FORGET_MS), FORGET_MS),
    NOTHING,
  );
}

function estimateOf(observations: readonly ChangeObservation[], prior?: number): ChangeRateEstimate {
  const estimate = estimateChangeRate(historyOf(observations), prior);
  if (estimate === undefined) throw new Error('expected an estimate');
  return estimate;
}

/** mulberry32: the same numbers in every run. */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

interface Watched {
  readonly perSecond: number;
  readonly calls: number;
  readonly intervalS: () => number;
  readonly isDated?: boolean;
}

/** A resource that changes as Poisson, looked at so many times. */
function watch({ perSecond, calls, intervalS, isDated = false }: Watched, random: () => number): ChangeObservation[] {
  const wait = (): number => -Math.log(1 - random()) / perSecond;
  let [now, changedAt, next] = [0, 0, wait()];
  return Array.from({ length: calls }, () => {
    const before = now;
    now += intervalS();
    for (; next <= now; next += wait()) changedAt = next;
    const unchangedForMs = isDated ? 1_000 * (Math.floor(now) - Math.floor(changedAt)) : null;
    return { intervalMs: (now - before) * 1_000, changed: changedAt > before, unchangedForMs };
  });
}

describe('the estimate of the rate of change', () => {
  const INTERVAL_S = 300;
  const CALLS = 50;
  const RUNS = 400;

  /** Estimate over truth. */
  function meanRatio(howOf: (random: () => number) => Omit<Watched, 'calls'>, isKindKnown: boolean): number {
    const random = sequence(1);
    const ratios = Array.from({ length: RUNS }, () => {
      const watched = howOf(random);
      const expected = isKindKnown ? watched.perSecond : undefined;
      return estimateOf(watch({ ...watched, calls: CALLS }, random), expected).perSecond / watched.perSecond;
    });
    return meanOf(ratios);
  }

  // What changes often is seen unchanged so seldom that the mean of many estimates is above the truth, where the pseudo-intervals are short.
  for (const [expectedChanges, isKindKnown] of [
    [0.1, true],
    [1, true],
    [1, false],
    [3, false],
  ] as const) {
    const perSecond = expectedChanges / INTERVAL_S;
    const kind = isKindKnown ? 'as its kind does' : 'as nobody knew';
    it.each([
      ['at equal intervals', () => ({ perSecond, intervalS: () => INTERVAL_S })],
      [
        'at random intervals',
        (random: () => number) => ({ perSecond, intervalS: () => INTERVAL_S * -Math.log(1 - random()) }),
      ],
      ['with Last-Modified', () => ({ perSecond, intervalS: () => INTERVAL_S, isDated: true })],
    ])(`is right on the mean after 50 calls with ${expectedChanges} changes an interval, ${kind}, %s`, (_, howOf) => {
      const ratio = meanRatio(howOf, isKindKnown);
      expect(ratio).toBeGreaterThan(0.94);
      expect(ratio).toBeLessThan(1.07);
    });
  }

  /** Logarithms of estimate over truth after 20 calls. */
  function errors(perSecond: number, { prior, isDated }: { prior: number; isDated: boolean }): number[] {
    const random = sequence(4);
    return Array.from({ length: RUNS }, () => {
      const watched = watch({ perSecond, calls: 20, intervalS: () => INTERVAL_S, isDated }, random);
      return Math.log(estimateOf(watched, prior).perSecond / perSecond);
    });
  }
  it('is closer where Last-Modified is told', () => {
    const spreadOf = (isDated: boolean): number =>
      Math.sqrt(meanOf(errors(0.01, { prior: 0.01, isDated }).map((error) => error ** 2)));
    expect(spreadOf(true)).toBeLessThan(0.6 * spreadOf(false));
  });

  it('is drawn little by what was expected once 20 refreshes were seen', () => {
    const perSecond = 1 / INTERVAL_S;
    for (const prior of [perSecond / 10, perSecond, perSecond * 10]) {
      expect(Math.abs(meanOf(errors(perSecond, { prior, isDated: false })))).toBeLessThan(0.3);
      expect(Math.abs(meanOf(errors(perSecond, { prior, isDated: true })))).toBeLessThan(0.3);
    }
  });

  it('knows from Last-Modified of a first call how long changes take, to a factor', () => {
    const { perSecond, observations } = estimateOf([{ intervalMs: null, changed: true, unchangedForMs: 3_600_000 }]);
    expect(observations).toBe(1);
    expect(perSecond * 3_600).toBeGreaterThan(0.3);
    expect(perSecond * 3_600).toBeLessThan(3);
  });

  it('is what was expected beforehand while nothing was seen, and unknown where nothing was expected', () => {
    expect(estimateChangeRate(NOTHING, 0.02)).toMatchObject({ perSecond: expect.closeTo(0.02, 5), observations: 0 });
    expect(estimateChangeRate(NOTHING, undefined)).toBeUndefined();
  });

  it('stays within a factor of twenty of what was expected after two refreshes', () => {
    for (const changed of [true, false]) {
      const one = { intervalMs: 300_000, changed, unchangedForMs: null };
      const ratio = estimateOf([one, one], 1 / 300).perSecond * 300;
      expect(ratio).toBeGreaterThan(1 / 20);
      expect(ratio).toBeLessThan(20);
    }
  });

  it('lies within its interval of confidence nine times in ten', () => {
    const random = sequence(5);
    let within = 0;
    for (let run = 0; run < RUNS; run += 1) {
      const perSecond = Math.exp(-6 + 2 * random());
      const { low, high } = rateInterval(
        estimateOf(watch({ perSecond, calls: 40, intervalS: () => 100 + 400 * random() }, random), 1 / 250),
      );
      if (low <= perSecond && perSecond <= high) within += 1;
    }
    expect(within / RUNS).toBeGreaterThan(0.85);
    expect(within / RUNS).toBeLessThan(0.96);
  });
});

describe('the rate of change', () => {
  const DAYS_30 = 30 * 86_400;

  function* histories(): Iterable<[ChangeObservation[], number | undefined]> {
    const random = sequence(6);
    for (let run = 0; run < 500; run += 1) {
      const scale = 10 ** (9 * random());
      const observations = Array.from({ length: 1 + Math.floor(64 * random()) }, () => ({
        intervalMs: random() < 0.05 ? null : scale * random(),
        changed: random() < 0.5,
        unchangedForMs: random() < 0.3 ? scale * random() : null,
      }));
      yield [observations, random() < 0.5 ? undefined : 10 ** (-8 * random())];
    }
  }

  it('is between once in 30 days and every other second, whatever is seen', () => {
    for (const [observations, prior] of histories()) {
      const estimate = estimateChangeRate(historyOf(observations), prior);
      if (estimate === undefined) continue;
      expect(estimate.perSecond).toBeGreaterThanOrEqual(0.999 / DAYS_30);
      expect(estimate.perSecond).toBeLessThanOrEqual(0.5001);
      expect(estimate.spread).toBeGreaterThan(0);
      expect(estimate.spread).toBeLessThan(4);
    }
  });

  it('is higher for each change more', () => {
    for (let changes = 0; changes < 20; changes += 1) {
      const of = (count: number): number =>
        estimateOf(
          Array.from({ length: 20 }, (_, i) => ({ intervalMs: 60_000 + i, changed: i < count, unchangedForMs: null })),
          0.01,
        ).perSecond;
      expect(of(changes + 1)).toBeGreaterThan(of(changes));
    }
  });

  it('is so many times higher where all takes so many times less', () => {
    const random = sequence(7);
    const watched = watch({ perSecond: 0.001, calls: 30, intervalS: () => 1_000 * random() }, random);
    const faster = watched.map((one) => ({ ...one, intervalMs: (one.intervalMs ?? 0) / 60 }));
    const { perSecond, spread } = estimateOf(watched, 0.002);
    expect(estimateOf(faster, 0.12).perSecond / perSecond / 60).toBeCloseTo(1, 2);
    expect(estimateOf(faster, 0.12).spread).toBeCloseTo(spread, 2);
  });

  it('may be so many times higher where the clock runs so many times faster', () => {
    const always = historyOf(
      Array.from({ length: 60 }, () => ({ intervalMs: 50, changed: true, unchangedForMs: null })),
    );
    expect(estimateChangeRate(always, 1)?.perSecond).toBeCloseTo(0.5, 2);
    expect(estimateChangeRate(always, 1, 100)?.perSecond).toBeGreaterThan(20);
  });
});

it('a resource is expected to change as its kind does, else as the whole upstream', () => {
  const priors = { overall: 0.5, templates: { '/items/{}': 0.1 } };
  expect(priorRateOf(priors, '/items/{}')).toBe(0.1);
  expect(priorRateOf(priors, '/users/{}')).toBe(0.5);
  expect(priorRateOf(undefined, '/users/{}')).toBeUndefined();
});
