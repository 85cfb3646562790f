import { describe, expect, it } from 'vitest';
import { cacheClassOf, errorName, problemOf, retryAfterMsOf, toldByFailure } from './told.js';

describe('cacheClassOf', () => {
  it('tells a hit, a stale answer and a call that went on apart', () => {
    expect(cacheClassOf('penstock; hit; ttl=41')).toBe('hit');
    expect(cacheClassOf('penstock; hit; ttl=0')).toBe('hit');
    expect(cacheClassOf('penstock; hit; ttl=-12; detail=paused')).toBe('stale');
    expect(cacheClassOf('penstock; fwd=uri-miss; fwd-status=200; stored')).toBe('miss');
    expect(cacheClassOf(undefined)).toBe('miss');
  });

  it('believes the cache nearest to the client', () => {
    expect(cacheClassOf('vendor; hit; ttl=5, penstock; fwd=stale')).toBe('miss');
  });
});

describe('retryAfterMsOf', () => {
  it('reads seconds and dates', () => {
    const nowAt = Date.parse('Tue, 01 Jul 2025 10:00:00 GMT');
    expect(retryAfterMsOf('7', nowAt)).toBe(7_000);
    expect(retryAfterMsOf('Tue, 01 Jul 2025 10:00:12 GMT', nowAt)).toBe(12_000);
    expect(retryAfterMsOf('soon', nowAt)).toBeNull();
    expect(retryAfterMsOf(undefined, nowAt)).toBeNull();
  });
});

describe('errorName', () => {
  const answered = { kind: 'answered', cache: 'miss', retryAfterMs: null } as const;

  it('names our problems by their type, and the errors of the upstream as its own', () => {
    const problem = problemOf('application/problem+json', '{"type":"urn:penstock:paused","detail":"x"}');
    expect(errorName({ ...answered, status: 503, problem })).toBe('503 urn:penstock:paused');
    expect(errorName({ ...answered, status: 429, problem: null })).toBe('429 of the upstream');
    expect(errorName({ ...answered, status: 200, problem: null })).toBeUndefined();
  });

  it('knows that a refused connection carried nothing and a cut one may have', () => {
    expect(toldByFailure('ECONNREFUSED').kind).toBe('refused');
    expect(toldByFailure('UND_ERR_SOCKET').kind).toBe('cut');
    expect(errorName(toldByFailure('ECONNRESET'))).toBe('no answer (cut: ECONNRESET)');
  });
});
