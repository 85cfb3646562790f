import { expect, it } from 'vitest';
import { editDistance, nearestOf } from './nearest.js';

it.each([
  ['cache', 'cache', 0],
  ['cahce', 'cache', 1],
  ['limt', 'limit', 1],
  ['ttls', 'ttl', 1],
  ['wait', 'body', 4],
  ['', 'abc', 3],
])('%s is a few slips from %s', (from, to, distance) => expect(editDistance(from, to)).toBe(distance));

it('the nearest known key is told when it is near', () => {
  const known = ['baseUrl', 'hosts', 'cache', 'maxRequestBody'];
  expect(['base_url', 'host', 'Cache', 'colour'].map((word) => nearestOf(word, known))).toEqual([
    'baseUrl',
    'hosts',
    'cache',
    undefined,
  ]);
});
