import { describe, expect, it } from 'vitest';
import { Ceiling } from './ceiling.js';
import { confidenceOf, type CeilingRecord } from './ceiling-known.js';
import { SendMeter } from './send-meter.js';

const T0 = 1_700_000_000_000;

/** Sends at the rate that the ceiling permits, as an endless backlog would. */
class Flow {
  readonly meter = new SendMeter();
  readonly ceiling = new Ceiling(this.meter);
  nowMs = T0;

  constructor(record?: CeilingRecord) {
    if (record !== undefined) this.ceiling.restore(record, T0);
  }

  run(forMs: number): number {
    let sent = 0;
    for (const untilMs = this.nowMs + forMs; this.nowMs < untilMs; sent += 1) {
      this.meter.sent(this.nowMs);
      this.ceiling.sent(this.nowMs);
      this.nowMs += 1000 / this.ceiling.perSecond(this.nowMs);
    }
    return (1000 * sent) / forMs;
  }

  /** Runs until that rate is passed, is throttled, and has waited. */
  throttleAt(perSecond: number, waitMs: number | undefined): void {
    while (this.ceiling.perSecond(this.nowMs) < perSecond) this.run(50);
    this.throttle(waitMs);
  }

  throttle(waitMs: number | undefined): void {
    const { nowMs } = this;
    this.ceiling.throttled({ sentAtMs: nowMs, endAtMs: waitMs === undefined ? undefined : nowMs + waitMs, nowMs });
    this.nowMs += waitMs ?? 700;
    this.ceiling.resumed(this.nowMs);
  }
}

const settled = (level: number, more: Partial<CeilingRecord> = {}): CeilingRecord => ({
  perSecond: 1.03 * level,
  holdMs: 60_000,
  level,
  borne: level,
  refused: 1.03 * level,
  repeats: 2,
  ...more,
});

describe('the ceiling', () => {
  it('the first throttle of a bucket teaches its rate, and not the burst that it let through', () => {
    const flow = new Flow();
    let tokens = 200;
    // 100 a second and a burst of 200.
    while (tokens >= 1) {
      flow.run(100);
      tokens = Math.min(200, tokens + 10 - 0.1 * flow.ceiling.perSecond(flow.nowMs));
    }
    expect(flow.ceiling.perSecond(flow.nowMs)).toBeGreaterThan(300);
    flow.throttle(1_000);
    expect(flow.ceiling.learned?.perSecond).toBeGreaterThan(45);
    expect(flow.ceiling.learned?.perSecond).toBeLessThan(130);
  });

  it('a throttle of hardly any calls teaches nothing: it begins anew with one a second', () => {
    const flow = new Flow();
    flow.run(1_500);
    flow.throttle(1_000);
    expect(flow.ceiling.learned).toBeUndefined();
    expect(flow.ceiling.perSecond(flow.nowMs)).toBe(1);
  });

  it('what was borne and what was refused lie far apart: the next throttle is sought soon, and narrows the search', () => {
    const flow = new Flow();
    flow.throttleAt(128, 1_000);
    const first = flow.ceiling.learned;
    flow.throttleAt(60, 1_000);
    const second = flow.ceiling.learned;
    expect(flow.nowMs - T0).toBeLessThan(60_000);
    const widthOf = (known: CeilingRecord | undefined): number => (known?.refused ?? 0) / (known?.level ?? 1);
    expect(widthOf(second)).toBeLessThan(widthOf(first) / 2);
    expect(second?.level).toBeGreaterThan(30);
    expect(second?.level).toBeLessThanOrEqual(60);
  });

  it('a settled ceiling is held for longer each time it is found where it was thought', () => {
    const flow = new Flow(settled(200));
    const holds: number[] = [];
    for (let i = 0; i < 4; i += 1) {
      flow.throttleAt(205, 1_000);
      holds.push(flow.ceiling.learned?.holdMs ?? 0);
    }
    expect(holds).toEqual(holds.toSorted((a, b) => a - b));
    expect(holds[3]).toBeGreaterThan(3 * (holds[0] ?? 0));
    expect(confidenceOf(flow.ceiling.learned ?? settled(0))).toBeGreaterThan(0.9);
  });

  it('at most one touch in 6,000 calls', () => {
    const flow = new Flow(settled(20));
    flow.throttleAt(20.5, 1_000);
    expect(flow.ceiling.learned?.holdMs).toBeGreaterThanOrEqual(290_000);
  });

  it('a limit that is halved is found in three throttles', () => {
    const flow = new Flow(settled(100));
    flow.run(75_000);
    let throttles = 0;
    while (flow.ceiling.perSecond(flow.nowMs) > 50 && throttles < 10) {
      flow.throttle(1_000);
      throttles += 1;
      flow.run(1_500);
    }
    expect(throttles).toBeLessThanOrEqual(3);
    expect(flow.ceiling.learned?.level).toBeGreaterThan(30);
  });

  it('and when it is back it is followed within tens of seconds, since it was seen to change', () => {
    const flow = new Flow(settled(100));
    flow.run(75_000);
    while ((flow.ceiling.learned?.level ?? 0) > 50) {
      flow.throttle(1_000);
      flow.run(1_500);
    }
    flow.throttleAt(50, 1_000);
    const fromMs = flow.nowMs;
    while (flow.ceiling.perSecond(flow.nowMs) < 95) flow.run(100);
    expect(flow.nowMs - fromMs).toBeLessThan(75_000);
  });

  it('pauses of 30 s are risked seldom', () => {
    const flow = new Flow(settled(100));
    flow.throttleAt(102, 30_000);
    expect(flow.ceiling.learned?.holdMs).toBe(450_000);
  });

  it('one throttle at most halves what was known', () => {
    const flow = new Flow(settled(100));
    flow.run(1);
    flow.nowMs += 600_000;
    flow.throttle(1_000);
    expect(flow.ceiling.learned?.level).toBe(50);
  });

  it('reads what older holders wrote', () => {
    const flow = new Flow({ perSecond: 100, holdMs: 60_000 });
    expect(flow.ceiling.perSecond(T0 + 20_000)).toBe(90);
  });
});
