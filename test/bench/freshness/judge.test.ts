import { describe, expect, it } from 'vitest';
import { heldFreshness, servedFreshness, spacingOf, timeOfCall, type CallLog } from './judge.js';
import { RepeatedChanges, type World } from './world.js';

/** Resource 0 changes at 100 and 300 ms, resource 1 never; demand 3 to 1, and from 500 ms on 1 to 3. */
const world: World = {
  size: 2,
  seasons: [
    { fromMs: 0, rates: Float64Array.of(0.002, 0), weights: Float64Array.of(0.75, 0.25) },
    { fromMs: 500, rates: Float64Array.of(0.002, 0), weights: Float64Array.of(0.25, 0.75) },
  ],
  changes: new RepeatedChanges([
    { atMs: [100, 300], periodMs: 100_000 },
    { atMs: [], periodMs: 1 },
  ]),
};

function calls(...of: [atMs: number, item: number][]): CallLog {
  return { atMs: Float64Array.from(of, ([atMs]) => atMs), items: Int32Array.from(of, ([, item]) => item) };
}

describe('what is held', () => {
  it('is fresh from a call until the next change', () => {
    // Resource 0: 0-100 and 200-300 of 400 ms; resource 1 all the time.
    const log = calls([0, 0], [0, 1], [200, 0]);
    expect(heldFreshness(world, log, { fromMs: 0, toMs: 400 })).toBeCloseTo(0.75 * 0.5 + 0.25, 12);
  });

  it('is not fresh before it was fetched', () => {
    expect(heldFreshness(world, calls([350, 0]), { fromMs: 300, toMs: 400 })).toBeCloseTo(0.75 * 0.5, 12);
  });

  it('counts what was fetched before the span, by its last call', () => {
    const log = calls([-50, 0], [320, 0], [900, 0]);
    expect(heldFreshness(world, log, { fromMs: 400, toMs: 500 })).toBeCloseTo(0.75, 12);
  });

  it('counts each season by its own demand', () => {
    expect(heldFreshness(world, calls([400, 0]), { fromMs: 400, toMs: 600 })).toBeCloseTo((0.75 + 0.25) / 2, 12);
  });
});

it('a read is fresh when it was given what the upstream had when it was sent, or something newer', () => {
  const log = {
    atMs: Float64Array.of(50, 150, 150, 299, 350, 900),
    items: Int32Array.of(0, 0, 0, 0, 0, 0),
    versions: Int32Array.of(0, 0, 1, 2, -1, 0),
  };
  expect(servedFreshness(world, log, { fromMs: 0, toMs: 500 })).toEqual({ reads: 5, freshness: 0.6, unanswered: 1 });
});

describe('spacing', () => {
  const even = calls(...Array.from({ length: 40 }, (_, n): [number, number] => [n * 50, n % 2]));

  it('tells the longest time between two fetches of one resource', () => {
    expect(spacingOf(2, even, { fromMs: 1000, toMs: 2000 }, 110)).toMatchObject({ longestMs: 100, tooLong: 0 });
    expect(spacingOf(2, even, { fromMs: 1000, toMs: 2000 }, 90).tooLong).toBeGreaterThan(10);
  });

  it('counts one that was never fetched', () => {
    expect(spacingOf(3, even, { fromMs: 1000, toMs: 2000 }, 110)).toMatchObject({ longestMs: Infinity, tooLong: 1 });
  });

  it('tells even calls from bursts', () => {
    expect(spacingOf(2, even, { fromMs: 0, toMs: 2000 }, 110)).toMatchObject({ unevenness: 0, fullest: 1 });
    const bursts = calls(...Array.from({ length: 40 }, (_, n): [number, number] => [Math.floor(n / 20) * 1000, n % 2]));
    expect(spacingOf(2, bursts, { fromMs: 0, toMs: 2000 }, 1100).fullest).toBe(4);
  });
});

it('tells when the n-th call was answered', () => {
  expect(timeOfCall(calls([10, 0], [20, 0]), 2)).toBe(20);
  expect(timeOfCall(calls([10, 0]), 2)).toBeUndefined();
});
