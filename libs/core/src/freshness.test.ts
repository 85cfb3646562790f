import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_DIRECTIVES, parseCacheControl } from './cache-control.js';
import { admits, endedAt, freshnessOf, isErrorToHide, mayAnswerAfterError, type Freshness } from './freshness.js';

const entry = { receivedAt: 1_000_000, initialAgeMs: 2000, lifetimeMs: 10_000, graceMs: 5000 };
const after = (ms: number): Freshness => freshnessOf(entry, entry.receivedAt + ms);

describe('freshness (RFC 9111 4.2)', () => {
  it('lasts while the lifetime is greater than the age', () => {
    expect(after(0)).toEqual({ kind: 'fresh', ageMs: 2000, ttlMs: 8000 });
    expect(after(7999)).toMatchObject({ kind: 'fresh', ttlMs: 1 });
    expect(after(8000)).toEqual({ kind: 'stale', ageMs: 10_000, ttlMs: 0 });
  });

  it('is followed by grace, and that by keep', () => {
    expect(after(12_999)).toMatchObject({ kind: 'stale', ttlMs: -4999 });
    expect(after(13_000)).toMatchObject({ kind: 'expired', ttlMs: -5000 });
    expect(freshnessOf({ ...entry, graceMs: 0 }, entry.receivedAt + 8000).kind).toBe('expired');
  });

  it('never grows when the clock is set back', () => {
    expect(after(-60_000)).toEqual(after(0));
  });

  it('that ended earlier is followed by grace from then', () => {
    const ended = endedAt(entry, entry.receivedAt + 3000);
    const later = (ms: number): Freshness => freshnessOf(ended, entry.receivedAt + ms);
    expect(later(3000)).toEqual({ kind: 'stale', ageMs: 5000, ttlMs: 0 });
    expect(later(7999)).toMatchObject({ kind: 'stale', ttlMs: -4999 });
    expect(later(8000).kind).toBe('expired');
  });

  it('cannot end later than it does, nor before the answer came', () => {
    expect(endedAt(entry, entry.receivedAt + 9000)).toBe(entry);
    expect(freshnessOf(endedAt(entry, 0), entry.receivedAt)).toMatchObject({ kind: 'stale', ttlMs: 0 });
  });

  it('only ever goes from fresh to stale to expired', () => {
    const rank = { fresh: 0, stale: 1, expired: 2 };
    fc.assert(
      fc.property(fc.nat(20_000), fc.nat(20_000), (a, b) => {
        const [early, late] = [after(Math.min(a, b)), after(Math.max(a, b))];
        expect(rank[early.kind]).toBeLessThanOrEqual(rank[late.kind]);
        expect(early.ageMs + early.ttlMs).toBe(entry.lifetimeMs);
      }),
    );
  });
});

describe('a request', () => {
  const fresh = after(0);
  const stale = after(9000);
  const expired = after(60_000);
  const answer = (value: string | undefined, freshness: Freshness, ignoreNoCache = false): string =>
    admits(parseCacheControl(value), freshness, { ignoreNoCache, said: () => NO_DIRECTIVES }).kind;

  it('without directives takes what is fresh or within grace', () => {
    expect([fresh, stale, expired].map((freshness) => answer(undefined, freshness))).toEqual([
      'answer',
      'answer',
      'revalidate',
    ]);
    expect([fresh, stale, expired].map((freshness) => answer('no-transform', freshness))).toEqual([
      'answer',
      'answer',
      'revalidate',
    ]);
  });

  it.each(['no-cache', 'max-age=0'])(
    'with %s wants a validated answer (5.2.1.4), unless the operator ignores that',
    (value) => {
      expect(answer(value, fresh)).toBe('revalidate');
      expect([fresh, stale, expired].map((freshness) => answer(value, freshness, true))).toEqual([
        'answer',
        'answer',
        'revalidate',
      ]);
    },
  );

  it('with max-age wants nothing older, and nothing stale (5.2.1.1)', () => {
    expect(answer('max-age=2', fresh)).toBe('answer');
    expect(answer('max-age=1', fresh)).toBe('revalidate');
    expect(answer('no-cache, max-age=1', fresh, true)).toBe('revalidate');
    expect(answer('max-age=60', stale)).toBe('revalidate');
    expect(answer('max-age=60, max-stale', stale)).toBe('answer');
  });

  it('with min-fresh wants it to stay fresh so long (5.2.1.3)', () => {
    expect(answer('min-fresh=8', fresh)).toBe('answer');
    expect(answer('min-fresh=9', fresh)).toBe('revalidate');
    expect(answer('min-fresh=0', stale)).toBe('revalidate');
  });

  it('with max-stale limits the grace to what it names (5.2.1.2)', () => {
    expect(answer('max-stale=1', stale)).toBe('answer');
    expect(answer('max-stale=0', stale)).toBe('revalidate');
    expect(answer('max-stale', stale)).toBe('answer');
  });

  it('with only-if-cached is told when nothing stored will do (5.2.1.7)', () => {
    expect(answer('only-if-cached', stale)).toBe('answer');
    expect(answer('only-if-cached', expired)).toBe('only-if-cached-miss');
    expect(answer('only-if-cached, max-age=1', fresh)).toBe('only-if-cached-miss');
  });

  it('with no-store may be answered from the store (5.2.1.5)', () => {
    expect(answer('no-store', fresh)).toBe('answer');
  });
});

describe('what a stored answer says of itself', () => {
  const admitted = (request: string, freshness: Freshness, said: string): string =>
    admits(parseCacheControl(request), freshness, { ignoreNoCache: false, said: () => parseCacheControl(said) }).kind;

  it('allows or forbids what a client would take although it is past our grace (RFC 9111 4.2.4, 5.2.1.2)', () => {
    const expired = after(60_000);
    expect(admitted('max-stale=600', expired, 'max-age=10')).toBe('answer');
    expect(admitted('max-stale=5', expired, 'max-age=10')).toBe('revalidate');
    expect(admitted('max-stale, min-fresh=1', expired, 'max-age=10')).toBe('revalidate');
    for (const directive of ['must-revalidate', 'proxy-revalidate', 'no-cache', 's-maxage=10'])
      expect(admitted('max-stale=600', expired, directive)).toBe('revalidate');
  });

  it('spares it a reload while it is fresh and immutable (RFC 8246 2.1)', () => {
    expect(admitted('max-age=0', after(0), 'immutable')).toBe('answer');
    expect(admitted('max-age=0', after(0), 'max-age=10')).toBe('revalidate');
    expect(admitted('max-age=0', after(60_000), 'immutable')).toBe('revalidate');
    expect(admitted('no-cache', after(0), 'immutable')).toBe('revalidate');
  });

  const instead = (request: string, freshness: Freshness, said: string): boolean =>
    mayAnswerAfterError(parseCacheControl(request), freshness, parseCacheControl(said));

  it("lets it answer after an error, by its own word or the client's, within the limit (RFC 5861 4)", () => {
    const stale = after(60_000);
    expect(instead('', stale, 'stale-if-error=600')).toBe(true);
    expect(instead('stale-if-error=600', stale, '')).toBe(true);
    expect(instead('', stale, '')).toBe(false);
    expect(instead('', stale, 'stale-if-error=1')).toBe(false);
    expect(instead('no-cache', stale, 'stale-if-error=600')).toBe(false);
    expect(instead('max-age=0', stale, 'stale-if-error=600')).toBe(false);
    expect(instead('stale-if-error=600', stale, 'stale-if-error=600, must-revalidate')).toBe(false);
  });

  it('an error is a 500, 502, 503 or 504', () => {
    expect([400, 404, 429, 500, 501, 502, 503, 504, 505].filter(isErrorToHide)).toEqual([500, 502, 503, 504]);
  });
});
