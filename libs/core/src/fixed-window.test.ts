import { describe, expect, it } from 'vitest';
import { FixedWindow } from './fixed-window.js';
import { SendMeter } from './send-meter.js';

const T0 = 1_700_000_000_000;

/**
 * An upstream with a fixed window and a caller that is throttled in some of them: sends evenly at `perSecond`, waits for the end that it is
 * told, and goes on slower for a while, so that the next throttle comes windows later.
 */
function learn(
  of: { limit: number; perMs: number; inSeconds: boolean },
  rates: readonly number[],
): { window: FixedWindow; meter: SendMeter; nowMs: number } {
  const window = new FixedWindow();
  const meter = new SendMeter();
  let nowMs = T0 + 1_234;
  let used = { window: -1, count: 0 };
  for (const perSecond of rates) {
    for (let throttled = false; !throttled;) {
      nowMs += 1000 / perSecond;
      const number = Math.floor(nowMs / of.perMs);
      if (number !== used.window) used = { window: number, count: 0 };
      meter.sent(nowMs);
      if (used.count < of.limit) used.count += 1;
      else {
        meter.refused(nowMs);
        const waitMs = (number + 1) * of.perMs - nowMs;
        const atMs = nowMs + (of.inSeconds ? Math.ceil(waitMs / 1000) * 1000 : waitMs);
        window.throttled(nowMs, { atMs, inSeconds: of.inSeconds }, meter);
        nowMs = atMs + 250;
        throttled = true;
      }
    }
    // Two and a half windows well below the limit.
    const untilMs = nowMs + 2.5 * of.perMs;
    for (; nowMs < untilMs; nowMs += (1.4 * of.perMs) / of.limit) {
      const number = Math.floor(nowMs / of.perMs);
      if (number !== used.window) used = { window: number, count: 0 };
      used.count += 1;
      meter.sent(nowMs);
    }
  }
  return { window, meter, nowMs };
}

describe('a fixed window, learned from throttles', () => {
  it.each([
    { limit: 100, perMs: 1_000 },
    { limit: 300, perMs: 5_000 },
    { limit: 500, perMs: 10_000 },
  ])('$limit in $perMs ms are found in three episodes that tell their exact end', ({ limit, perMs }) => {
    const rate = (1000 * limit) / perMs;
    const { window } = learn({ limit, perMs, inSeconds: false }, [1.3 * rate, 1.7 * rate, 1.2 * rate]);
    expect(window.found?.perMs).toBe(perMs);
    expect(Math.abs((window.found?.limit ?? 0) - limit)).toBeLessThanOrEqual(Math.max(1, 0.02 * limit));
  });

  it('ends in whole seconds need a long window and more episodes', () => {
    const rates = [65, 85, 60, 75, 90, 62];
    const { window } = learn({ limit: 500, perMs: 10_000, inSeconds: true }, rates);
    expect(window.found?.perMs).toBe(10_000);
    expect(Math.abs((window.found?.limit ?? 0) - 500)).toBeLessThanOrEqual(25);
    expect(learn({ limit: 100, perMs: 1_000, inSeconds: true }, [130, 170, 120]).window.found).toBeUndefined();
  });

  it('one episode proves nothing', () => {
    expect(learn({ limit: 100, perMs: 1_000, inSeconds: false }, [130]).window.found).toBeUndefined();
  });

  it('ends that have nothing in common are no window', () => {
    const window = new FixedWindow();
    const meter = new SendMeter();
    let nowMs = T0;
    for (const gapMs of [3_137, 7_391, 4_723, 9_241, 5_557, 8_629]) {
      for (const untilMs = nowMs + gapMs; nowMs < untilMs; nowMs += 10) meter.sent(nowMs);
      window.throttled(nowMs, { atMs: nowMs + 137, inSeconds: false }, meter);
    }
    expect(window.found).toBeUndefined();
  });

  it('a throttle in a half empty window contradicts it, one in a full window does not', () => {
    const { window, nowMs } = learn({ limit: 100, perMs: 1_000, inSeconds: false }, [130, 170, 120]);
    const flow = (perSecond: number): SendMeter => {
      const meter = new SendMeter();
      for (let ms = 0; ms < 3_000; ms += 1000 / perSecond) meter.sent(nowMs + ms);
      return meter;
    };
    expect(window.contradictedBy(nowMs + 3_000, flow(50))).toBe(true);
    expect(window.contradictedBy(nowMs + 3_000, flow(100))).toBe(false);
  });
});
