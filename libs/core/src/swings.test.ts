import { describe, expect, it } from 'vitest';
import { borneAt } from './ceiling-known.js';
import { Swings } from './swings.js';

const T0 = 1_700_000_000_000;

/** A limit of 100 that fell to 50 at T0, and stays low for so long each time; what happened is told as it would be by the ceiling. */
class Limit {
  readonly swings = new Swings();
  nowMs = T0;
  tries = 0;

  constructor() {
    this.swings.fell(borneAt(97), false, T0);
  }

  /** One stay: tries until one is in time, then high until it falls again. */
  stay(lowMs: number, highMs: number): number {
    const fromMs = this.nowMs;
    this.tries = 0;
    for (;;) {
      while (!this.swings.isTryDue(this.nowMs)) this.nowMs += 100;
      this.tries += 1;
      expect(this.swings.step({ ...borneAt(48), refused: 50 }, this.nowMs)?.level).toBe(97);
      const inTimeMs = this.nowMs - fromMs;
      if (inTimeMs >= lowMs) {
        this.nowMs = fromMs + lowMs + highMs;
        this.swings.fallen(this.nowMs);
        return inTimeMs;
      }
      this.nowMs += 1_000;
      expect(this.swings.fallen(this.nowMs)?.level).toBeLessThan(50);
    }
  }
}

describe('a limit that swings', () => {
  it('while nothing is known of its rhythm, the higher level is tried every few seconds', () => {
    const { swings } = new Limit();
    expect(swings.isTryDue(T0 + 5_900)).toBe(false);
    expect(swings.isTryDue(T0 + 6_000)).toBe(true);
  });

  it('a throttle at the higher level goes back to the lower one, a little nearer to what was refused there', () => {
    const { swings } = new Limit();
    swings.step({ ...borneAt(47), refused: 50 }, T0 + 6_000);
    expect(swings.isHigh).toBe(true);
    expect(swings.fallen(T0 + 6_500)?.level).toBeCloseTo(47.94, 2);
    expect(swings.isHigh).toBe(false);
    expect(swings.fallen(T0 + 7_000)).toBeUndefined();
  });

  it('how long it stays low is learned: soon one try in two stays comes too early at most, and none is late', () => {
    const limit = new Limit();
    expect(limit.stay(20_000, 20_000)).toBeLessThan(30_000);
    limit.stay(20_000, 20_000);
    limit.stay(20_000, 20_000);
    let tries = 0;
    for (let i = 0; i < 6; i += 1) {
      expect(limit.stay(20_000, 20_000)).toBeLessThan(24_500);
      tries += limit.tries;
    }
    expect(tries).toBeLessThanOrEqual(10);
  });

  it('a rhythm that becomes shorter is followed', () => {
    const limit = new Limit();
    for (let i = 0; i < 3; i += 1) limit.stay(40_000, 20_000);
    let last = 0;
    for (let i = 0; i < 12; i += 1) last = limit.stay(15_000, 100_000);
    expect(last).toBeLessThan(22_000);
  });

  it('after six tries in vain the higher level is forgotten', () => {
    const { swings } = new Limit();
    let nowMs = T0;
    for (let tries = 0; tries < 6; tries += 1) {
      while (!swings.isTryDue(nowMs)) nowMs += 100;
      swings.step(borneAt(48), nowMs);
      swings.fallen(nowMs + 500);
    }
    expect(swings.isTryDue(nowMs + 3_600_000)).toBe(false);
  });

  it('high for less than the longest window each time, it is taken for a window and not for a change', () => {
    const { swings } = new Limit();
    let nowMs = T0;
    for (let tries = 0; tries < 6; tries += 1) {
      while (!swings.isTryDue(nowMs)) nowMs += 100;
      swings.step(borneAt(48), nowMs);
      nowMs += 5_000;
      swings.fallen(nowMs);
    }
    expect(swings.isTryDue(nowMs + 3_600_000)).toBe(false);
  });
});
