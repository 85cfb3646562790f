import { describe, expect, it } from 'vitest';
import { isFlat, mean, slidingSums, spreadOf } from './percentiles.js';

describe('spreadOf', () => {
  it('takes the nearest rank, in numeric order', () => {
    const values = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect(spreadOf(values)).toEqual({ count: 100, p50: 50, p95: 95, p99: 99, max: 100 });
    expect(spreadOf([10, 9, 100])).toMatchObject({ p50: 10, max: 100 });
  });

  it('has nothing to say of nothing', () => {
    expect(spreadOf([])).toEqual({ count: 0, p50: null, p95: null, p99: null, max: null });
    expect(mean([])).toBeNull();
  });
});

describe('slidingSums', () => {
  it('sums each whole window and no partial one', () => {
    expect(slidingSums([1, 2, 3, 4], 2)).toEqual([3, 5, 7]);
    expect(slidingSums([1, 2], 3)).toEqual([]);
  });

  it('finds a dip that windows laid end to end would split', () => {
    expect(Math.min(...slidingSums([5, 5, 0, 0, 5, 5], 2))).toBe(0);
  });
});

describe('isFlat', () => {
  it('looks at the second half alone', () => {
    expect(isFlat([1, 20, 50, 100, 101, 102], 0.05)).toBe(true);
    expect(isFlat([100, 100, 100, 100, 105, 111], 0.05)).toBe(false);
  });

  it('does not call one sample flat', () => {
    expect(isFlat([1], 0.05)).toBe(false);
  });
});
