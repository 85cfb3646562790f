import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_DIRECTIVES, parseCacheControl, requestDirectivesOf } from './cache-control.js';

describe('Cache-Control (RFC 9111 5.2)', () => {
  it('is read without regard to case, whitespace and unknown directives', () => {
    expect(parseCacheControl('Max-Age=60,foo="a, no-store" ,PUBLIC, s-maxage="5"')).toEqual({
      ...NO_DIRECTIVES,
      maxAgeMs: 60_000,
      isPublic: true,
      sMaxAgeMs: 5000,
    });
    expect(parseCacheControl(undefined)).toBe(NO_DIRECTIVES);
  });

  it.each(['max-age=x', 'max-age=-1', 'max-age=1.5', 'max-age', 'max-age=', 'max-age=0x10', 'max-age="1'])(
    'with %s is stale at once (4.2.1)',
    (value) => {
      expect(parseCacheControl(value).maxAgeMs).toBe(0);
    },
  );

  it('counts the strictest of duplicates (4.2.1)', () => {
    expect(parseCacheControl('max-age=60, max-age=30, max-age=90').maxAgeMs).toBe(30_000);
    expect(parseCacheControl('max-age=60, max-age=x').maxAgeMs).toBe(0);
    expect(parseCacheControl('min-fresh=5, min-fresh=9, max-stale, max-stale=4')).toMatchObject({
      minFreshMs: 9000,
      maxStaleMs: 4000,
    });
  });

  it('caps delta-seconds at 2^31 (1.2.2)', () => {
    expect(parseCacheControl(`max-age=${'9'.repeat(400)}`).maxAgeMs).toBe(2 ** 31 * 1000);
  });

  it('tells qualified no-cache and private from unqualified ones (5.2.2.4, 5.2.2.7)', () => {
    expect(parseCacheControl('no-cache="Set-Cookie, X-A", private=X-B')).toMatchObject({
      noCache: false,
      noCacheFields: ['set-cookie', 'x-a'],
      isPrivate: false,
      privateFields: ['x-b'],
    });
    expect(parseCacheControl('no-cache="a", no-cache')).toMatchObject({ noCache: true, noCacheFields: ['a'] });
  });

  it.each(['no-cache=""', 'no-cache="', 'no-cache="a b"', 'no-cache="a'])(
    'takes the unreadable list of %s for all fields',
    (value) => {
      expect(parseCacheControl(value).noCache).toBe(true);
    },
  );

  it('does not lose a directive behind a quote that is never closed', () => {
    expect(parseCacheControl('private="x, no-store').noStore).toBe(true);
  });

  it('knows max-stale without a value as any age (5.2.1.2)', () => {
    expect(parseCacheControl('max-stale').maxStaleMs).toBe(Infinity);
    expect(parseCacheControl('max-stale=x').maxStaleMs).toBe(0);
  });

  it('never throws, and never grants more freshness than the smallest number it holds', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1e6), { minLength: 1 }), fc.string(), (seconds, noise) => {
        const { maxAgeMs } = parseCacheControl([...seconds.map((s) => `max-age=${s}`), noise].join(', '));
        expect(maxAgeMs).toBeLessThanOrEqual(Math.min(...seconds) * 1000);
      }),
    );
  });

  it('of a request counts before Pragma, which counts alone (5.4)', () => {
    expect(requestDirectivesOf([['Pragma', 'No-Cache']]).noCache).toBe(true);
    expect(
      requestDirectivesOf([
        ['Pragma', 'no-cache'],
        ['Cache-Control', 'max-age=5'],
      ]),
    ).toMatchObject({ noCache: false, maxAgeMs: 5000 });
    expect(requestDirectivesOf([['Accept', '*/*']])).toBe(NO_DIRECTIVES);
  });
});
