import { describe, expect, it } from 'vitest';
import {
  evaluatePreconditions,
  hasOriginPreconditions,
  validatorsOf,
  withoutPreconditions,
  type Conditioned,
} from './conditional.js';
import type { Fields } from './fields.js';

const MODIFIED = 'Thu, 01 Jan 2026 12:00:00 GMT';
const EARLIER = 'Thu, 01 Jan 2026 11:59:59 GMT';
const LATER = 'Thu, 01 Jan 2026 12:00:01 GMT';
const answer: Conditioned = { status: 200, etag: '"a,b"', lastModified: MODIFIED };
const noneMatch = (value: string, against = answer): string =>
  evaluatePreconditions([['If-None-Match', value]], against);
const since = (value: string, against = answer): string =>
  evaluatePreconditions([['if-modified-since', value]], against);

describe('If-None-Match (RFC 9110 13.1.2)', () => {
  it.each(['"a,b"', 'W/"a,b"', '"x", W/"a,b"', '*', ' * '])(
    '%s finds the answer not modified, by weak comparison',
    (value) => {
      expect(noneMatch(value)).toBe('not-modified');
    },
  );

  it.each(['"a"', '"A,B"', 'a,b', '', '"x", "y"', 'w/"a,b"'])('%j does not', (value) => {
    expect(noneMatch(value)).toBe('proceed');
  });

  it('matches a weak stored tag, and none where none is stored', () => {
    expect(noneMatch('"1"', { status: 200, etag: 'W/"1"' })).toBe('not-modified');
    expect(noneMatch('"1"', { status: 200 })).toBe('proceed');
  });

  it('is read over all of its lines', () => {
    expect(
      evaluatePreconditions(
        [
          ['If-None-Match', '"x"'],
          ['If-None-Match', '"a,b"'],
        ],
        answer,
      ),
    ).toBe('not-modified');
  });

  it('makes If-Modified-Since count for nothing (13.1.3)', () => {
    expect(
      evaluatePreconditions(
        [
          ['If-None-Match', '"x"'],
          ['If-Modified-Since', LATER],
        ],
        answer,
      ),
    ).toBe('proceed');
  });
});

describe('If-Modified-Since (RFC 9110 13.1.3)', () => {
  it('finds an answer not modified that is no newer', () => {
    expect([EARLIER, MODIFIED, LATER].map((date) => since(date))).toEqual(['proceed', 'not-modified', 'not-modified']);
  });

  it.each(['yesterday', '2026-01-01T12:00:00Z', `${LATER}, ${LATER}`])('%s is no date and is ignored', (value) => {
    expect(since(value)).toBe('proceed');
  });

  it('is held against Date, then the time of receipt, without Last-Modified (RFC 9111 4.3.2)', () => {
    expect(since(MODIFIED, { status: 200, fields: [['Date', MODIFIED]] })).toBe('not-modified');
    expect(since(EARLIER, { status: 200, fields: [['Date', MODIFIED]] })).toBe('proceed');
    expect(since(LATER, { status: 200, receivedAt: Date.parse(MODIFIED) })).toBe('not-modified');
    expect(since(LATER, { status: 200 })).toBe('proceed');
  });
});

describe('conditions', () => {
  it('do not turn an error into a 304 (RFC 9110 13.2.1)', () => {
    expect(noneMatch('*', { ...answer, status: 404 })).toBe('proceed');
    expect(since(LATER, { ...answer, status: 301 })).toBe('proceed');
  });

  it('are taken off together with ranges', () => {
    const sent: Fields = [
      ['If-Match', 'a'],
      ['If-None-Match', 'a'],
      ['If-Modified-Since', 'a'],
      ['If-Unmodified-Since', 'a'],
      ['If-Range', 'a'],
      ['Range', 'a'],
      ['Accept', 'a'],
    ];
    expect(withoutPreconditions(sent)).toEqual([['Accept', 'a']]);
  });

  it('that only the origin can judge are told apart (RFC 9111 4.3.2)', () => {
    expect(hasOriginPreconditions([['If-Match', '*']])).toBe(true);
    expect(hasOriginPreconditions([['If-None-Match', '*']])).toBe(false);
  });

  it('for revalidation carry both validators, as they were received (RFC 9111 4.3.1)', () => {
    expect(validatorsOf(answer)).toEqual([
      ['If-None-Match', '"a,b"'],
      ['If-Modified-Since', MODIFIED],
    ]);
    expect(validatorsOf({ lastModified: 'garbage' })).toEqual([]);
  });
});
