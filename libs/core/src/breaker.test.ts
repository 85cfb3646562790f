import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { createBreaker, type Breaker } from './breaker.js';

const END_MS = 1_000_000;

function fail(breaker: Breaker, times: number, atMs: number): void {
  for (let n = 0; n < times; n += 1) breaker.sent(atMs);
  for (let n = 0; n < times; n += 1) breaker.ended(false, atMs);
}

function succeed(breaker: Breaker, times: number, atMs: number): void {
  for (let n = 0; n < times; n += 1) {
    breaker.sent(atMs);
    breaker.ended(true, atMs);
  }
}

/** One background call every 10 ms, offered from `fromMs` to `toMs`; how many went. */
function offered(breaker: Breaker, fromMs: number, toMs: number, chance: () => number): number {
  let went = 0;
  for (let nowMs = fromMs; nowMs < toMs; nowMs += 10) {
    if (breaker.admit('later', nowMs, chance()).kind !== 'go') continue;
    breaker.sent(nowMs);
    breaker.ended(false, nowMs);
    went += 1;
  }
  return went;
}

describe('the breaker', () => {
  test('is closed for an upstream of which nothing is known, and while answers are out', () => {
    const breaker = createBreaker();
    for (let n = 0; n < 16; n += 1) breaker.sent(0);
    expect(breaker.state(0)).toEqual({ kind: 'closed' });
    expect(breaker.admit('later', 0, 0)).toEqual({ kind: 'go' });
  });

  test('two failures say nothing, the third does', () => {
    const breaker = createBreaker();
    fail(breaker, 2, 0);
    expect(breaker.state(0).kind).toBe('closed');
    fail(breaker, 1, 100);
    expect(breaker.state(100)).toMatchObject({ kind: 'shedding' });
  });

  test('stays closed while every second call is accepted', () => {
    const breaker = createBreaker();
    for (let n = 0; n < 100; n += 1) {
      succeed(breaker, 1, n);
      fail(breaker, 1, n);
    }
    expect(breaker.state(100).kind).toBe('closed');
  });

  test('sheds with p = (requests - 2 accepts) / (requests + 1)', () => {
    const breaker = createBreaker();
    succeed(breaker, 5, 0);
    fail(breaker, 14, 0);
    expect(breaker.state(0)).toEqual({ kind: 'shedding', p: 9 / 20 });
    expect(breaker.admit('later', 0, 0.45)).toEqual({ kind: 'go' });
    expect(breaker.admit('later', 0, 0.44).kind).toBe('wait');
  });

  test('a call counts when it is sent: what hangs is not missing', () => {
    const breaker = createBreaker();
    fail(breaker, 3, 0);
    for (let n = 0; n < 16; n += 1) breaker.sent(0);
    expect(breaker.state(0)).toMatchObject({ kind: 'open', p: 19 / 20 });
  });

  test('an abandoned call is taken back', () => {
    const breaker = createBreaker();
    fail(breaker, 3, 0);
    breaker.sent(0);
    breaker.abandoned(0);
    expect(breaker.state(0)).toMatchObject({ p: 3 / 4 });
  });

  test('asking again is not another throw of the dice', () => {
    const breaker = createBreaker();
    fail(breaker, 8, 0);
    const first = breaker.admit('later', 10, 0.1);
    expect(first).toMatchObject({ kind: 'wait' });
    expect(breaker.admit('soon', 11, 0.999)).toEqual(first);
    if (first.kind === 'wait') expect(breaker.admit('soon', first.untilMs, 0.999)).toEqual({ kind: 'go' });
  });

  test('lane now goes while the background is shed', () => {
    const breaker = createBreaker();
    fail(breaker, 30, 0);
    expect(breaker.state(10).kind).toBe('open');
    expect(breaker.admit('now', 10, 0)).toEqual({ kind: 'go' });
    expect(breaker.admit('later', 10, 0).kind).toBe('wait');
  });

  test('open for 30 s without a success, it refuses lane now too, but for one call per second', () => {
    const breaker = createBreaker();
    succeed(breaker, 1, 0);
    for (let atMs = 0; atMs < 30_000; atMs += 100) fail(breaker, 1, atMs);
    expect(breaker.admit('now', 29_999, 0)).toEqual({ kind: 'go' });
    expect(breaker.admit('now', 30_000, 0)).toEqual({ kind: 'refuse', resumeAtMs: 30_900 });
    expect(breaker.admit('now', 30_900, 0)).toEqual({ kind: 'go' });
    fail(breaker, 1, 30_900);
    expect(breaker.admit('now', 31_000, 0)).toEqual({ kind: 'refuse', resumeAtMs: 31_900 });
  });

  test('a success lets lane now go again at once', () => {
    const breaker = createBreaker();
    for (let atMs = 0; atMs <= 40_000; atMs += 100) fail(breaker, 1, atMs);
    expect(breaker.admit('now', 40_100, 0).kind).toBe('refuse');
    breaker.ended(true, 40_100);
    expect(breaker.state(40_100).kind).toBe('open');
    expect(breaker.admit('now', 40_100, 0)).toEqual({ kind: 'go' });
  });

  test('the worst chance of all still lets one background call per second through', () => {
    const breaker = createBreaker();
    fail(breaker, 1_000, 0);
    expect(offered(breaker, 10, 60_010, () => 0)).toBeGreaterThanOrEqual(58);
  });

  test('keeps most of the load off an upstream that is down', () => {
    const breaker = createBreaker();
    let seed = 0;
    const chance = (): number => (seed = (seed + 0.618034) % 1);
    expect(offered(breaker, 0, 60_000, chance)).toBeLessThan(600);
  });

  test('ten successes in a row close it, however much failed before', () => {
    const breaker = createBreaker();
    fail(breaker, 10_000, 0);
    succeed(breaker, 9, 100);
    expect(breaker.state(100).kind).toBe('open');
    succeed(breaker, 1, 100);
    expect(breaker.state(100)).toEqual({ kind: 'closed' });
  });

  test('forgets by itself', () => {
    const breaker = createBreaker();
    fail(breaker, 30, 0);
    expect(breaker.state(30_000)).toMatchObject({ kind: 'open' });
    expect(breaker.state(60_000)).toMatchObject({ kind: 'shedding' });
    expect(breaker.state(120_000)).toEqual({ kind: 'closed' });
  });

  test('a clock that goes back neither counts twice nor stops the trial calls', () => {
    const breaker = createBreaker();
    fail(breaker, 30, END_MS);
    expect(breaker.admit('later', 500, 0).kind).toBe('wait');
    const admission = breaker.admit('later', 0, 0);
    expect(admission.kind).toBe('wait');
    expect(breaker.state(0)).toMatchObject({ kind: 'open', p: 30 / 31 });
  });
});

interface Weather {
  readonly callsPerSecond: number;
  readonly latencyMs: number;
  readonly okBeforeS: number;
  readonly downS: number;
  readonly throws: readonly number[];
}

/** Traffic of one lane against an upstream that is well, down, and well again; when the breaker was closed after that. */
function recovery(weather: Weather, lane: 'now' | 'later'): number {
  const breaker = createBreaker();
  const healthyAgainMs = (weather.okBeforeS + weather.downS) * 1000;
  const ends: { atMs: number; ok: boolean }[] = [];
  let thrown = 0;
  let offeredCalls = 0;
  for (let nowMs = 0; nowMs < healthyAgainMs + 60_000; nowMs += 5) {
    for (let end = ends[0]; end !== undefined && end.atMs <= nowMs; end = ends[0]) {
      breaker.ended(end.ok, nowMs);
      ends.shift();
    }
    if (nowMs >= healthyAgainMs && breaker.state(nowMs).kind === 'closed') return nowMs - healthyAgainMs;
    offeredCalls = Math.min(50, offeredCalls + weather.callsPerSecond / 200);
    while (offeredCalls >= 1) {
      const chance = weather.throws[(thrown += 1) % weather.throws.length] ?? 0;
      if (breaker.admit(lane, nowMs, chance).kind !== 'go') break;
      offeredCalls -= 1;
      breaker.sent(nowMs);
      const isDown = nowMs >= weather.okBeforeS * 1000 && nowMs < healthyAgainMs;
      ends.push({ atMs: nowMs + weather.latencyMs, ok: !isDown });
    }
  }
  return Infinity;
}

test('once the upstream is well again, the breaker closes within 30 s of traffic', () => {
  const weather = fc.record({
    callsPerSecond: fc.double({ min: 1, max: 200, noNaN: true }),
    latencyMs: fc.integer({ min: 0, max: 3_000 }),
    okBeforeS: fc.integer({ min: 0, max: 60 }),
    downS: fc.integer({ min: 1, max: 120 }),
    throws: fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 20 }),
  });
  fc.assert(
    fc.property(weather, fc.constantFrom('now' as const, 'later' as const), (of, lane) => {
      expect(recovery(of, lane)).toBeLessThanOrEqual(30_000);
    }),
    { numRuns: 60 },
  );
});
