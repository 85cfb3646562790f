import { describe, expect, it } from 'vitest';
import { RefusalCurves, type BucketRate } from './refusal-curves.js';
import { SendMeter } from './send-meter.js';

const T0 = 1_700_000_000_000;
const STEP_MS = 10;

/** Sends at a rate that grows by so much a second until the upstream refuses; then rests. */
class Climber {
  readonly meter = new SendMeter();
  readonly curves = new RefusalCurves();
  nowMs = T0;
  #lastMs = 0;
  #owed = 0;
  #mean = 0;
  #inUse = 0;

  constructor(private readonly takes: (nowMs: number) => boolean) {}

  climb(fromPerSecond: number, growth: number): void {
    for (let rate = fromPerSecond; ; rate *= growth ** (STEP_MS / 1000)) {
      this.nowMs += STEP_MS;
      this.#owed += (rate * STEP_MS) / 1000;
      for (; this.#owed >= 1; this.#owed -= 1) {
        if (!this.takes(this.nowMs)) return this.#refused();
        this.meter.sent(this.nowMs);
      }
    }
  }

  /** As the search for a rate asks: not below the mean since the last throttle, not above what was in use. */
  get rate(): BucketRate | undefined {
    return this.curves.between(this.#mean, this.#inUse);
  }

  #refused(): void {
    this.#mean = this.meter.perSecond(this.nowMs, this.nowMs - Math.max(this.#lastMs, this.nowMs - 60_000));
    this.#inUse = this.meter.perSecond(this.nowMs, 1_000);
    this.curves.add(this.meter, this.nowMs, this.#lastMs);
    this.#lastMs = this.nowMs;
    this.nowMs += 2_000;
  }
}

function bucket(perSecond: number, burst: number): (nowMs: number) => boolean {
  let [tokens, atMs] = [burst, T0];
  return (nowMs) => {
    tokens = Math.min(burst, tokens + ((nowMs - atMs) * perSecond) / 1000);
    atMs = nowMs;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}

function sliding(limit: () => number, perMs: number): (nowMs: number) => boolean {
  let sends: number[] = [];
  return (nowMs) => {
    sends = sends.filter((atMs) => atMs + perMs > nowMs);
    return sends.length < limit() && sends.push(nowMs) > 0;
  };
}

describe('throttles taken together', () => {
  it('one says nothing', () => {
    const climber = new Climber(bucket(100, 200));
    climber.climb(1, 2);
    expect(climber.rate).toBeUndefined();
  });

  it.each([
    { perSecond: 100, burst: 200 },
    { perSecond: 20, burst: 20 },
    { perSecond: 50, burst: 50 },
  ])('a steep and a slow climb show the rate of a bucket, a third confirms it: $perSecond/s, $burst', (of) => {
    const climber = new Climber(bucket(of.perSecond, of.burst));
    climber.climb(1, 2);
    climber.climb(0.6 * of.perSecond, 1.06);
    const first = climber.rate;
    expect(first?.kind).toBe('possible');
    expect((first?.perSecond ?? 0) / of.perSecond).toBeCloseTo(1, 1);
    climber.climb(0.8 * of.perSecond, 1.03);
    const second = climber.rate;
    expect(second?.kind).toBe('confirmed');
    expect(Math.abs((second?.perSecond ?? 0) / of.perSecond - 1)).toBeLessThan(0.02);
    expect(climber.curves.unexplained).toBe(false);
  });

  it('a sliding window is no bucket, and explained by its count', () => {
    const climber = new Climber(sliding(() => 200, 2_000));
    climber.climb(1, 2);
    climber.climb(60, 1.06);
    climber.climb(80, 1.02);
    expect(climber.rate?.kind).toBe('refuted');
    expect(climber.rate?.perSecond).toBeLessThan(101);
    expect(climber.curves.unexplained).toBe(false);
  });

  it('a limit that has changed in between has no explanation', () => {
    let limit = 100;
    const climber = new Climber(sliding(() => limit, 1_000));
    climber.climb(1, 2);
    limit = 50;
    climber.climb(25, 1.06);
    climber.climb(35, 1.02);
    expect(climber.rate?.kind).toBe('refuted');
    expect(climber.curves.unexplained).toBe(true);
  });
});
