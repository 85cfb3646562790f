import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fields } from './fields.js';
import { partialOf, rangesOf, unsatisfiedRange, type Ranged, type RangeVerdict } from './range.js';

const LATE = 'Tue, 24 Nov 2026 12:00:10 GMT';
const MODIFIED = 'Tue, 24 Nov 2026 12:00:00 GMT';
const TEN: Ranged = {
  status: 200,
  etag: '"a"',
  lastModified: MODIFIED,
  fields: [['Date', LATE]],
  bodyBytes: 10,
};
const WHOLE = { kind: 'whole' };

function of(range: string, more: Fields = [], answer: Ranged = TEN): RangeVerdict {
  return rangesOf([['Range', range], ...more], answer);
}

function parts(...ranges: readonly (readonly [number, number])[]): RangeVerdict {
  return { kind: 'parts', parts: ranges.map(([first, last]) => ({ first, last })) };
}

describe('one range', () => {
  test.each([
    ['bytes=0-4', 0, 4],
    ['bytes=5-', 5, 9],
    ['bytes=9-9', 9, 9],
    ['bytes=5-99999999999999999999999', 5, 9],
    ['bytes=-3', 7, 9],
    ['bytes=-99', 0, 9],
    ['Bytes=0-0', 0, 0],
    [' bytes=,0-0 ,', 0, 0],
  ])('%s of ten octets is %i to %i', (range, first, last) => {
    expect(of(range)).toEqual(parts([first, last]));
  });

  test.each(['bytes=10-', 'bytes=10-12', 'bytes=-0', 'bytes=99-100, -0'])('%s is unsatisfiable', (range) => {
    expect(of(range)).toEqual({ kind: 'unsatisfiable' });
  });

  test.each([
    'items=0-4',
    'bytes=4-3',
    'bytes=0-1, 4-3',
    'bytes=a-b',
    'bytes=--1',
    'bytes=1 - 2',
    'bytes=+1-2',
    'bytes 0-4',
    'bytes=',
    'bytes=-',
    'bytes',
    '',
    'bytes=0-1.5',
  ])('"%s" is ignored', (range) => {
    expect(of(range)).toEqual(WHOLE);
  });

  test('two lines of Range are no ranges-specifier', () => {
    expect(of('bytes=0-1', [['Range', 'bytes=2-3']])).toEqual(WHOLE);
  });

  test('it is evaluated only where the whole would be a 200', () => {
    expect(of('bytes=0-1', [], { ...TEN, status: 404 })).toEqual(WHOLE);
  });

  test('of nothing a suffix is nothing, and all else is unsatisfiable', () => {
    const nothing = { ...TEN, bodyBytes: 0 };
    expect(of('bytes=-5', [], nothing)).toEqual(WHOLE);
    expect(of('bytes=0-', [], nothing)).toEqual({ kind: 'unsatisfiable' });
  });
});

describe('several ranges', () => {
  test('they keep the order in which they were asked for', () => {
    expect(of('bytes=5-6, 0-1, -1')).toEqual(parts([5, 6], [0, 1], [9, 9]));
  });

  test('those that cannot be satisfied are left out', () => {
    expect(of('bytes=0-1, 20-30')).toEqual(parts([0, 1]));
  });

  test('two that overlap become one', () => {
    expect(of('bytes=0-5, 4-7, 9-9')).toEqual(parts([0, 7], [9, 9]));
  });

  test('more than two that overlap are ignored', () => {
    expect(of('bytes=0-, 0-, 0-')).toEqual(WHOLE);
    expect(of('bytes=0-2, 6-8, 1-7')).toEqual(WHOLE);
  });

  test('sixteen are served, seventeen are ignored', () => {
    const set = (count: number): string => Array.from({ length: count }, (_, n) => `${n * 2}-${n * 2}`).join(',');
    const long = { ...TEN, bodyBytes: 1000 };
    expect(of(`bytes=${set(16)}`, [], long).kind).toBe('parts');
    expect(of(`bytes=${set(17)}`, [], long)).toEqual(WHOLE);
  });
});

describe('If-Range', () => {
  test.each([
    ['the same strong tag', '"a"', TEN],
    ['the same date, a second before Date', MODIFIED, TEN],
    ['the same date in an obsolete format', 'Tuesday, 24-Nov-26 12:00:00 GMT', TEN],
  ])('%s lets the range count', (_, condition, answer) => {
    expect(of('bytes=0-1', [['If-Range', condition]], answer)).toEqual(parts([0, 1]));
  });

  test.each([
    ['another tag', '"b"', TEN],
    ['a weak tag that is the same', 'W/"a"', { ...TEN, etag: 'W/"a"' }],
    ['a strong tag where ours is weak', '"a"', { ...TEN, etag: 'W/"a"' }],
    ['a list', '"a", "b"', TEN],
    ['a later date', LATE, TEN],
    ['the same date where Date is no later', MODIFIED, { ...TEN, fields: [['Date', MODIFIED]] as const }],
    ['the same date where there is no Date', MODIFIED, { ...TEN, fields: [] }],
    ['neither', 'yesterday', TEN],
    ['a tag where there is none', '"a"', { ...TEN, etag: undefined }],
  ])('%s makes it the whole', (_, condition, answer) => {
    expect(of('bytes=0-1', [['If-Range', condition]], answer)).toEqual(WHOLE);
  });
});

describe('what is sent', () => {
  const body = Buffer.from('0123456789');
  const told = { contentType: 'text/plain', boundary: 'b' };

  test('one part is its octets under Content-Range', () => {
    const { fields, body: sent } = partialOf([{ first: 2, last: 4 }], body, told);
    expect(fields).toEqual([
      ['Content-Type', 'text/plain'],
      ['Content-Range', 'bytes 2-4/10'],
    ]);
    expect(Buffer.from(sent).toString()).toBe('234');
  });

  test('several parts are multipart/byteranges, each with its own Content-Range', () => {
    const { fields, body: sent } = partialOf(
      [
        { first: 8, last: 9 },
        { first: 0, last: 0 },
      ],
      body,
      told,
    );
    expect(fields).toEqual([['Content-Type', 'multipart/byteranges; boundary=b']]);
    expect(Buffer.from(sent).toString()).toBe(
      '\r\n--b\r\nContent-Type: text/plain\r\nContent-Range: bytes 8-9/10\r\n\r\n89' +
        '\r\n--b\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-0/10\r\n\r\n0' +
        '\r\n--b--\r\n',
    );
  });

  test('a 416 tells the length', () => {
    expect(unsatisfiedRange(10)).toBe('bytes */10');
  });

  test('whatever is asked, every part lies within the body and none overlaps another', () => {
    const spec = fc
      .tuple(fc.option(fc.nat(30), { nil: undefined }), fc.option(fc.nat(30), { nil: undefined }))
      .map(([first, last]) => `${first ?? ''}-${last ?? ''}`);
    fc.assert(
      fc.property(fc.array(spec, { maxLength: 6 }), fc.nat(20), (specs, bodyBytes) => {
        const verdict = of(`bytes=${specs.join(',')}`, [], { ...TEN, bodyBytes });
        if (verdict.kind !== 'parts') return;
        const seen = new Set<number>();
        for (const { first, last } of verdict.parts) {
          expect(first).toBeLessThanOrEqual(last);
          for (let at = first; at <= last; at++) {
            expect(seen.has(at) || at < 0 || at >= bodyBytes).toBe(false);
            seen.add(at);
          }
        }
      }),
    );
  });
});
