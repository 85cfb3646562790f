import { describe, expect, test } from 'vitest';
import { codingOf, fieldsInIdentity, takesCoding, withUpstreamTags, withVaryOnCoding } from './content-coding.js';
import { isWeakMatch } from './entity-tag.js';

describe('the coding of an answer', () => {
  test.each([
    ['gzip', 'gzip'],
    ['X-Gzip', 'gzip'],
    ['BR', 'br'],
    ['identity', undefined],
    ['', undefined],
    ['gzip, br', 'gzip,br'],
  ])('Content-Encoding "%s" is %s', (value, coding) => {
    expect(codingOf([['Content-Encoding', value]])).toBe(coding);
  });

  test('without the field there is none', () => {
    expect(codingOf([])).toBeUndefined();
  });
});

describe('Accept-Encoding', () => {
  test.each([
    ['gzip', 'gzip'],
    ['deflate, GZIP;q=0.5', 'gzip'],
    ['x-gzip', 'gzip'],
    ['*', 'br'],
    ['gzip;q=0, *;q=0.1', 'br'],
    ['br ; q=1.000', 'br'],
    ['gzip, br', 'gzip,br'],
  ])('"%s" takes %s', (value, coding) => {
    expect(takesCoding(value, coding)).toBe(true);
  });

  test.each([
    [undefined, 'gzip'],
    ['', 'gzip'],
    ['identity', 'gzip'],
    ['gzip;q=0', 'gzip'],
    ['gzip;q=0.000', 'gzip'],
    ['*;q=0', 'gzip'],
    ['gzip;q=0, *', 'gzip'],
    ['gzip', 'gzip,br'],
  ])('"%s" does not take %s', (value, coding) => {
    expect(takesCoding(value, coding)).toBe(false);
  });
});

describe('an answer whose coding was undone', () => {
  test('has the length and the tag of its own bytes, and no digest of others', () => {
    const fields = fieldsInIdentity(
      [
        ['Content-Encoding', 'gzip'],
        ['Content-Length', '20'],
        ['ETag', '"a"'],
        ['Content-Digest', 'sha-256=:AA==:'],
        ['Vary', 'Accept-Encoding'],
      ],
      99,
    );
    expect(fields).toEqual([
      ['ETag', '"a;penstock-identity"'],
      ['Vary', 'Accept-Encoding'],
      ['Content-Length', '99'],
    ]);
  });

  test('a strong tag is another than that of the coded bytes, a weak one is the same', () => {
    expect(isWeakMatch('"a;penstock-identity"', '"a"')).toBe(false);
    expect(fieldsInIdentity([['ETag', 'W/"a"']], 0)[0]).toEqual(['ETag', 'W/"a"']);
  });

  test('the upstream is asked with the tag that it gave', () => {
    expect(
      withUpstreamTags([
        ['If-Match', '"a;penstock-identity", "b"'],
        ['X-Other', '"a;penstock-identity"'],
      ]),
    ).toEqual([
      ['If-Match', '"a", "b"'],
      ['X-Other', '"a;penstock-identity"'],
    ]);
  });
});

describe('Vary', () => {
  const coded = ['Content-Encoding', 'gzip'] as const;

  test('names Accept-Encoding where there is a coding', () => {
    expect(withVaryOnCoding([coded])).toEqual([coded, ['Vary', 'Accept-Encoding']]);
  });

  test.each(['accept-encoding, Origin', '*'])('is left as it is when it says "%s"', (value) => {
    expect(withVaryOnCoding([coded, ['Vary', value]])).toHaveLength(2);
  });

  test('is left as it is where there is no coding', () => {
    expect(withVaryOnCoding([])).toEqual([]);
  });
});
