import { expect, test } from 'vitest';
import { bucketOf, costOf } from './bucket-of.js';

const buckets = [
  { name: 'search', match: '/search/**', windows: [] },
  { name: 'all', match: '/**', windows: [] },
];

test('the first declared bucket whose pattern matches is the one of a path, whatever its query', () => {
  expect(bucketOf(buckets, '/search/x?q=/items')).toBe('search');
  expect(bucketOf(buckets, '/items/1')).toBe('all');
  expect(bucketOf([], '/items/1')).toBeUndefined();
});

test('a path that no pattern matches has no price of its own', () => {
  const costs = [{ match: '/reports/*', cost: 5 }];
  expect(costOf(costs, '/reports/9?full=1')).toBe(5);
  expect(costOf(costs, '/items/1')).toBeUndefined();
});
