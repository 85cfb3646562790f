import { describe, expect, it } from 'vitest';
import { covers, overlap } from './pattern-match.js';

describe('a pattern covers', () => {
  it.each([
    ['a.b', 'a.b'],
    ['a.*', 'a.b'],
    ['a.*', 'a.*'],
    ['a.>', 'a.b'],
    ['a.>', 'a.b.c'],
    ['a.>', 'a.*.c'],
    ['a.>', 'a.>'],
    ['*.>', 'a.b'],
  ])('%s covers %s', (pattern, filter) => {
    expect(covers(pattern, filter)).toBe(true);
  });

  it.each([
    ['a.b', 'a.c'],
    ['a.b', 'a'],
    ['a', 'a.b'],
    ['a.>', 'a'],
    ['a.*', 'a.>'],
    ['a.b', 'a.*'],
    ['a.*', 'a.b.c'],
  ])('%s does not cover %s', (pattern, filter) => {
    expect(covers(pattern, filter)).toBe(false);
  });
});

describe('two patterns overlap', () => {
  it.each([
    ['a.>', 'a.b.c'],
    ['a.*.c', 'a.b.*'],
    ['a.b', 'a.b'],
    ['>', 'a'],
  ])('%s and %s', (one, other) => {
    expect(overlap(one, other)).toBe(true);
    expect(overlap(other, one)).toBe(true);
  });

  it.each([
    ['a.b', 'a.c'],
    ['a.>', 'a'],
    ['a.*', 'a.b.c'],
    ['a.b.>', 'a.c.>'],
  ])('%s and %s do not', (one, other) => {
    expect(overlap(one, other)).toBe(false);
    expect(overlap(other, one)).toBe(false);
  });
});
