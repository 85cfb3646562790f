import { describe, expect, it } from 'vitest';
import { globMatch } from './glob-match.js';

describe('a glob over a path', () => {
  it.each([
    ['/items/*', '/items/1', true],
    ['/items/*', '/items/1/x', false],
    ['/items/*', '/items', false],
    ['/items/*/notes', '/items/1/notes', true],
    ['/items/a*z', '/items/abcz', true],
    ['/items/a*z', '/items/ab/z', false],
    ['/search/**', '/search/a/b', true],
    ['/search/**', '/search', true],
    ['/search/**', '/searching', false],
    ['/**/notes', '/a/b/notes', true],
    ['/**/notes', '/notes', true],
    ['/**/notes/*', '/notes/notes/1', true],
    ['/**', '/', true],
    ['/Items', '/items', false],
    ['/a.c', '/abc', false],
  ])('%s and %s: %s', (pattern, path, matches) => expect(globMatch(pattern, path, 'path')).toBe(matches));
});

describe('a glob over a field value', () => {
  it.each([
    ['nightly*', 'nightly/2.0 (cron)', true],
    ['nightly*', 'a nightly', false],
    ['*bot*', 'a/bot/b', true],
    ['*', '', true],
    ['a*b*c', 'abbbcc', true],
    ['a*b*c', 'acb', false],
    ['**x', 'yx', true],
    ['a+', 'aa', false],
  ])('%s and %s: %s', (pattern, value, matches) => expect(globMatch(pattern, value, 'field')).toBe(matches));

  it('takes no longer for a value made to be slow', () => {
    const startedAt = performance.now();
    expect(globMatch(`${'*a'.repeat(20)}b`, 'a'.repeat(16_000), 'field')).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});
