import { expect, it } from 'vitest';
import { quantileOf } from './tick-quantile.js';

const buckets = [
  { le: 0.001, count: 50 },
  { le: 0.01, count: 98 },
  { le: 0.025, count: 99 },
  { le: Infinity, count: 100 },
];

it('a quantile is the bound of the first bucket that holds so many', () => {
  expect([0.5, 0.51, 0.98, 0.99, 0.995].map((share) => quantileOf(buckets, share))).toEqual([
    0.001,
    0.01,
    0.01,
    0.025,
    Infinity,
  ]);
});

it('of nothing there is none', () => {
  expect(quantileOf([], 0.5)).toBe(0);
  expect(quantileOf([{ le: Infinity, count: 0 }], 0.5)).toBe(0);
});
