import { describe, expect, it } from 'vitest';
import { membersOf, unquoted } from './list-members.js';

describe('a list (RFC 9110 5.6.1)', () => {
  it('has no empty members', () => {
    expect(membersOf(' a ,, b,')).toEqual(['a', 'b']);
    expect(membersOf('')).toEqual([]);
  });

  it('is not parted inside quotes, escaped quotes included', () => {
    expect(membersOf(String.raw`a="x, \"y, z", b`)).toEqual([String.raw`a="x, \"y, z"`, 'b']);
  });

  it('takes a quote that is never closed for a character', () => {
    expect(membersOf('a="x, no-store')).toEqual(['a="x', 'no-store']);
  });

  it('is read in linear time however many quotes are left open', () => {
    const startedAt = performance.now();
    membersOf('"' + String.raw`\"`.repeat(100_000));
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });

  it('says what a quoted string holds', () => {
    expect(unquoted(String.raw`"a\"b\\"`)).toBe(String.raw`a"b` + '\\');
    expect(unquoted('a')).toBeUndefined();
    expect(unquoted('"a"b"')).toBeUndefined();
  });
});
