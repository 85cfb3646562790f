import { describe, expect, it } from 'vitest';
import { Spread } from './spread.js';

describe('spread', () => {
  it('grows with each throttle, up to a sixteenth of the shortest window', () => {
    const spread = new Spread(20, 1_000);
    expect(spread.throttled(0)).toBe(35);
    expect(spread.throttled(1)).toBe(57.5);
    for (let n = 0; n < 10; n += 1) spread.throttled(n);
    expect(spread.throttled(20)).toBe(62.5);
  });

  it('shrinks by a tenth after each minute without a throttle, never below what was assumed', () => {
    const spread = new Spread(20, 1_000);
    spread.throttled(0);
    expect(spread.relaxed(59_999)).toBeUndefined();
    expect(spread.relaxed(60_000)).toBe(31.5);
    expect(spread.relaxed(60_001)).toBeUndefined();
    let last = 31.5;
    for (let minute = 2; minute < 12; minute += 1) last = spread.relaxed(minute * 60_000) ?? last;
    expect(last).toBe(20);
  });

  it('is as it was before when the limit turns out to be lower: the throttle was no fault of the way', () => {
    const spread = new Spread(20, 1_000);
    spread.throttled(0);
    expect(spread.throttled(1)).toBe(57.5);
    expect(spread.acquitted()).toBe(35);
    expect(spread.acquitted()).toBe(35);
  });
});
