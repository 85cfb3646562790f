import { describe, expect, it } from 'vitest';
import { gapMs } from './users.js';

describe('the gap between two users', () => {
  const even = Array.from({ length: 10_000 }, (_, i) => (i + 0.5) / 10_000);

  it('is never below the least, and has the mean that was asked for', () => {
    const gaps = even.map((chance) => gapMs({ perSecond: 2, leastGapMs: 300 }, chance));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(300);
    expect(gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length).toBeCloseTo(500, -1);
  });
});
