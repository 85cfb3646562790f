import { describe, expect, it } from 'vitest';
import {
  checkResourcePattern,
  expandResourcePattern,
  ResourcePatternError,
  resourceFileOf,
} from './resource-pattern.js';

describe('a resource pattern', () => {
  it.each([
    ['/items', ['/items']],
    ['/items/{1..3}', ['/items/1', '/items/2', '/items/3']],
    ['/{a,b}/{1..2}', ['/a/1', '/a/2', '/b/1', '/b/2']],
    ['/x{,.json}', ['/x', '/x.json']],
    ['/{08..10}', ['/08', '/09', '/10']],
    ['/{0..1}?q={a,b}', ['/0?q=a', '/0?q=b', '/1?q=a', '/1?q=b']],
  ])('%s stands for %j', (pattern, paths) => {
    expect([...expandResourcePattern(pattern)]).toEqual(paths);
    expect(checkResourcePattern(pattern)).toEqual({ kind: 'valid', count: paths.length });
  });

  it('can be walked through more than once', () => {
    const paths = expandResourcePattern('/items/{1..6000}');
    expect([[...paths].length, [...paths].length]).toEqual([6_000, 6_000]);
  });

  it.each([
    'items',
    '',
    '/a b',
    '/a#b',
    '/ü',
    '/{a}',
    '/{1..}',
    '/{3..1}',
    '/{a,{b,c}}',
    '/{1..2',
    '/1..2}',
    '/{1..9007199254740993}',
  ])('%j is none', (pattern) => expect(checkResourcePattern(pattern).kind).toBe('invalid'));

  it('stands for at most 5,000,000 resources', () => {
    expect(checkResourcePattern('/{1..5000}/{1..1000}').kind).toBe('valid');
    expect(() => expandResourcePattern('/{1..5000}/{0..1000}')).toThrow(ResourcePatternError);
    expect(() => expandResourcePattern('/{1..5000}/{0..1000}')).toThrow(
      'at most 5000000 resources (this pattern has 5005000)',
    );
  });

  it('that names a file is no pattern', () => {
    expect([resourceFileOf('file:items.txt'), resourceFileOf('/items')]).toEqual(['items.txt', undefined]);
  });
});
