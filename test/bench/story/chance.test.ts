import { describe, expect, it } from 'vitest';
import { exponentialGapMs, sequence, shuffled, zipf } from './chance.js';

const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

describe('sequence', () => {
  it('is the same for the same seed and another one for another', () => {
    const [a, b, c] = [sequence(7), sequence(7), sequence(8)];
    const first = many(50, a);
    expect(many(50, b)).toEqual(first);
    expect(many(50, c)).not.toEqual(first);
  });

  it('fills [0, 1) evenly', () => {
    const next = sequence(3);
    const tenths = many(10, () => 0);
    for (let i = 0; i < 20_000; i += 1) {
      const tenth = Math.floor(next() * 10);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    for (const count of tenths) expect(Math.abs(count - 2_000)).toBeLessThan(200);
  });
});

describe('exponentialGapMs', () => {
  it('makes 200 arrivals a second on average, and as much variance as a Poisson process has', () => {
    const next = sequence(1);
    const gaps = many(40_000, () => exponentialGapMs(200, next()));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
    expect(mean).toBeCloseTo(5, 0);
    expect(deviation / mean).toBeCloseTo(1, 1);
  });

  it('is never infinite', () => {
    expect(exponentialGapMs(1, 1 - 2 ** -32)).toBeLessThan(30_000);
    expect(exponentialGapMs(1, 0)).toBeCloseTo(0, 9);
  });
});

describe('shuffled', () => {
  it('keeps every item once, in an order that follows from the seed', () => {
    const items = many(100, (i) => i);
    const once = shuffled(items, sequence(5));
    expect(once).not.toEqual(items);
    expect(shuffled(items, sequence(5))).toEqual(once);
    expect(once.toSorted((a, b) => a - b)).toEqual(items);
  });
});

describe('zipf', () => {
  it('draws rank 0 twice as often as rank 1 and ten times as often as rank 9', () => {
    const [draw, next] = [zipf(100, 1), sequence(2)];
    const counts = many(100, () => 0);
    for (let i = 0; i < 100_000; i += 1) {
      const rank = draw(next());
      counts[rank] = (counts[rank] ?? 0) + 1;
    }
    expect((counts[0] ?? 0) / (counts[1] ?? 1)).toBeCloseTo(2, 0);
    expect((counts[0] ?? 0) / (counts[9] ?? 1)).toBeGreaterThan(8.5);
    expect((counts[0] ?? 0) / (counts[9] ?? 1)).toBeLessThan(11.5);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(100_000);
  });

  it('reaches the first and the last rank', () => {
    const draw = zipf(6_000, 1);
    expect(draw(0)).toBe(0);
    expect(draw(1 - 2 ** -32)).toBe(5_999);
  });
});
