import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatHttpDate, parseHttpDate } from './http-date.js';

describe('an HTTP-date (RFC 9110 5.6.7)', () => {
  it.each(['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'])(
    'is read in the format %s',
    (text) => {
      expect(parseHttpDate(text)).toBe(Date.UTC(1994, 10, 6, 8, 49, 37));
    },
  );

  it.each([
    '0',
    '',
    '1994-11-06T08:49:37Z',
    'Sun, 06 Nov 1994 08:49:37 UTC',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    '-1',
  ])('is not %j', (text) => {
    expect(parseHttpDate(text)).toBeUndefined();
  });

  it.each(['sun, 06 nov 1994 08:49:37 gmt', 'SUNDAY, 06-NOV-94 08:49:37 GMT', 'sun nov  6 08:49:37 1994'])(
    'is read in any case (RFC 9111 4.2): %s',
    (text) => {
      expect(parseHttpDate(text)).toBe(Date.UTC(1994, 10, 6, 8, 49, 37));
    },
  );

  it('comes back as it was written, to the second', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e9 }), (epochS) => {
        expect(parseHttpDate(formatHttpDate(epochS * 1000))).toBe(epochS * 1000);
      }),
    );
  });
});
