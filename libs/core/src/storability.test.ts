import { describe, expect, it } from 'vitest';
import { overriddenDirectives, type CachePolicy, type IgnorableDirective } from './cache-policy.js';
import type { Fields } from './fields.js';
import { storabilityOf, type Exchange } from './storability.js';

const proxy: CachePolicy = {
  profile: 'proxy',
  ttlMs: 0,
  graceMs: 600_000,
  keepMs: 86_400_000,
  refreshMaxAgeMs: undefined,
};
const strict: CachePolicy = { ...proxy, profile: 'strict' };
const cc = (value: string): Fields => [['Cache-Control', value]];
const AUTHORIZED: Fields = [['Authorization', 'Bearer a']];
const OWN = '0123456789abcdef0123456789abcdef';

const verdict = (change: Partial<Exchange>): string => {
  const exchange: Exchange = {
    method: 'GET',
    requestFields: [],
    status: 200,
    responseFields: [],
    partition: 'shared',
    policy: strict,
    ...change,
  };
  const storability = storabilityOf(exchange);
  return storability.kind === 'refused' ? storability.reason : storability.kind;
};

describe('an answer is stored only if (RFC 9111 3)', () => {
  it('its method is understood', () => {
    expect(['GET', 'HEAD', 'POST', 'get'].map((method) => verdict({ method }))).toEqual([
      'storable',
      'method',
      'method',
      'method',
    ]);
  });

  it('neither the request nor the answer says no-store', () => {
    expect(verdict({ requestFields: cc('no-store') })).toBe('request-no-store');
    expect(verdict({ responseFields: cc('max-age=60, no-store') })).toBe('no-store');
  });

  it.each([101, 206, 304, 429])('its status is not %i, whatever the fields say', (status) => {
    expect(verdict({ status, responseFields: cc('public, max-age=60'), policy: { ...proxy, ttlMs: 60_000 } })).toBe(
      'status',
    );
  });

  it.each([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501])(
    'its status is heuristically cacheable, as %i is (RFC 9110 15.1)',
    (status) => {
      expect(verdict({ status })).toBe('storable');
    },
  );

  it.each([201, 302, 303, 307, 400, 401, 403, 500, 503])(
    'a status such as %i comes with explicit freshness',
    (status) => {
      expect(verdict({ status })).toBe('no-freshness');
      expect(verdict({ status, responseFields: cc('max-age=5') })).toBe('storable');
      expect(verdict({ status, responseFields: [['Expires', '0']] })).toBe('storable');
    },
  );

  it('or the operator names a ttl, which does not reach errors', () => {
    const policy = { ...proxy, ttlMs: 1000 };
    expect([302, 401, 500].map((status) => verdict({ status, policy }))).toEqual([
      'storable',
      'no-freshness',
      'no-freshness',
    ]);
    expect(verdict({ status: 302, policy: { ...proxy, refreshMaxAgeMs: 9000 } })).toBe('storable');
    expect(verdict({ status: 302, policy: { ...policy, profile: 'strict' } })).toBe('no-freshness');
  });

  it('must-understand names a status that is understood; then it stands above no-store (5.2.2.3)', () => {
    expect(verdict({ responseFields: cc('must-understand, no-store, max-age=9') })).toBe('storable');
    expect(verdict({ status: 599, responseFields: cc('must-understand, max-age=9') })).toBe('status');
  });

  it('it does not vary by everything (4.1)', () => {
    expect(verdict({ responseFields: [['Vary', '*']] })).toBe('vary-any');
  });

  it('private does not forbid it: in the shared partition it does, in one of its own it even allows it (5.2.2.7)', () => {
    expect(verdict({ responseFields: cc('private, max-age=60') })).toBe('private');
    expect(verdict({ responseFields: cc('private="x-user", max-age=60') })).toBe('storable');
    expect(verdict({ status: 403, responseFields: cc('private'), partition: OWN })).toBe('storable');
    expect(verdict({ status: 403, responseFields: cc('s-maxage=9'), partition: OWN })).toBe('no-freshness');
  });
});

describe('an answer to a request with Authorization (RFC 9111 3.5)', () => {
  it('is stored for all only where the upstream says so', () => {
    const stored = [
      'max-age=60',
      'public',
      's-maxage=60',
      'must-revalidate, max-age=60',
      'proxy-revalidate, max-age=60',
    ].map((value) => verdict({ requestFields: AUTHORIZED, responseFields: cc(value) }));
    expect(stored).toEqual(['authorization', 'storable', 'storable', 'storable', 'authorization']);
  });

  it('is stored in the partition of its own credential', () => {
    expect(verdict({ requestFields: AUTHORIZED, partition: OWN })).toBe('storable');
  });

  it('is shared where the operator vouches for it, but not under the strict profile', () => {
    expect(verdict({ requestFields: AUTHORIZED, policy: { ...proxy, shareAuthorized: true } })).toBe('storable');
    expect(verdict({ requestFields: AUTHORIZED, policy: { ...strict, shareAuthorized: true } })).toBe('authorization');
  });
});

describe('an answer with Set-Cookie', () => {
  it('is stored for all only where it is public or shared by its own word, or the cookie is set apart', () => {
    const withCookie = (value: string): string => verdict({ responseFields: [...cc(value), ['Set-Cookie', 'a=1']] });
    expect(withCookie('max-age=60')).toBe('set-cookie');
    expect(['public', 's-maxage=9', 'no-cache="set-cookie"', 'private="Set-Cookie"'].map(withCookie)).toEqual(
      Array(4).fill('storable'),
    );
  });

  it('is stored for the user it was sent to', () => {
    expect(verdict({ responseFields: [['Set-Cookie', 'a=1']], partition: OWN })).toBe('storable');
  });
});

describe('directives that the operator ignores', () => {
  it('do not count under the proxy profile, and are told', () => {
    const ignoreDirectives: IgnorableDirective[] = ['no-store', 'private'];
    const responseFields = cc('private, no-store');
    expect(verdict({ responseFields, policy: { ...proxy, ignoreDirectives } })).toBe('storable');
    expect(overriddenDirectives(responseFields, { ...proxy, ignoreDirectives })).toEqual(['no-store', 'private']);
    expect(overriddenDirectives(cc('max-age=1'), { ...proxy, ignoreDirectives })).toEqual([]);
  });

  it('count under the strict profile', () => {
    expect(verdict({ responseFields: cc('no-store'), policy: { ...strict, ignoreDirectives: ['no-store'] } })).toBe(
      'no-store',
    );
  });
});
