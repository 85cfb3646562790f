import { expect, test } from 'vitest';
import { tagsOf } from './tags.js';

test.each([
  ['product-7, price', ['product-7', 'price']],
  ['product-7 price', ['product-7', 'price']],
  [' ,a,,a\tb ', ['a', 'b']],
  ['', []],
])('the tags of %j are %j', (value, tags) => {
  expect(tagsOf([['cache-tag', value]], 'Cache-Tag')).toEqual(tags);
});

test('tags of several lines count together, and an answer without the field has none', () => {
  const fields = [
    ['Surrogate-Key', 'a b'],
    ['surrogate-key', 'c'],
  ] as const;
  expect(tagsOf(fields, 'Surrogate-Key')).toEqual(['a', 'b', 'c']);
  expect(tagsOf(fields, 'Cache-Tag')).toEqual([]);
});

test('a tag that no index takes is left out', () => {
  expect(tagsOf([['Cache-Tag', `${'x'.repeat(1_025)},y`]], 'Cache-Tag')).toEqual(['y']);
});
