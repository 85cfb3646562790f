import { describe, expect, it } from 'vitest';
import type { CachePolicy } from './cache-policy.js';
import { entryFrom, freshenedByHead, isRenewableBy304, renewedBy304, type Entry } from './entry.js';
import { fieldLines, fieldValue, type Fields } from './fields.js';
import { formatHttpDate } from './http-date.js';

const T = Date.UTC(2026, 0, 1, 12, 0, 0);
const HOUR = 3_600_000;
const proxy: CachePolicy = {
  profile: 'proxy',
  ttlMs: 0,
  graceMs: 600_000,
  keepMs: 86_400_000,
  refreshMaxAgeMs: undefined,
};
const strict: CachePolicy = { ...proxy, profile: 'strict' };
const request = { key: 'k', urlHash: 'u', upstream: 'crm', path: '/x', partition: 'shared', variant: '', vary: [] };
const at = (epochMs: number): string => formatHttpDate(epochMs);

interface Case {
  fields?: Fields;
  policy?: CachePolicy;
  status?: number;
  partition?: string;
  delayMs?: number;
}
const stored = ({ fields = [], policy = strict, status = 200, partition = 'shared', delayMs = 0 }: Case): Entry =>
  entryFrom({
    request: { ...request, partition },
    response: { status, fields },
    version: { fence: 1, send: 1 },
    requestedAt: T - delayMs,
    receivedAt: T,
    bodyHash: 'h',
    bodyBytes: 5,
    policy,
  });
const cc = (value: string): Fields => [['Cache-Control', value]];
const lifetime = (change: Case): number => stored(change).lifetimeMs;

describe('the freshness lifetime (RFC 9111 4.2.1)', () => {
  const date: Fields = [['Date', at(T)]];

  it('is s-maxage, else max-age, else Expires minus Date', () => {
    const expires: Fields = [...date, ['Expires', at(T + 7000)]];
    expect(lifetime({ fields: [...cc('max-age=2, s-maxage=3'), ...expires] })).toBe(3000);
    expect(lifetime({ fields: [...cc('max-age=2'), ...expires] })).toBe(2000);
    expect(lifetime({ fields: expires })).toBe(7000);
    expect(lifetime({ fields: [['Expires', at(T + 7000)]] })).toBe(7000);
  });

  it('leaves s-maxage aside in the partition of one user', () => {
    expect(lifetime({ fields: cc('max-age=2, s-maxage=3'), partition: 'abc' })).toBe(2000);
  });

  it('is 0 with no-cache, with an Expires that is no date, is past, or contradicts another', () => {
    expect(lifetime({ fields: cc('no-cache, max-age=9') })).toBe(0);
    expect(lifetime({ fields: [['Expires', '0']], policy: { ...proxy, ttlMs: 9000 } })).toBe(0);
    expect(lifetime({ fields: [['Expires', at(T - 1000)]] })).toBe(0);
    expect(
      lifetime({
        fields: [
          ['Expires', at(T + HOUR)],
          ['Expires', 'never'],
        ],
      }),
    ).toBe(0);
  });

  it('is the ttl of the operator where the upstream says nothing, else the refresh target', () => {
    expect(lifetime({ policy: { ...proxy, ttlMs: 9000, refreshMaxAgeMs: 30_000 } })).toBe(9000);
    expect(lifetime({ policy: { ...proxy, refreshMaxAgeMs: 30_000 } })).toBe(30_000);
    expect(lifetime({ fields: cc('max-age=1'), policy: { ...proxy, ttlMs: 9000 } })).toBe(1000);
    expect(lifetime({ policy: { ...strict, ttlMs: 9000, refreshMaxAgeMs: 30_000 } })).toBe(0);
    expect(lifetime({ policy: proxy })).toBe(0);
  });

  it('is a tenth of the time since Last-Modified, at most a day, where nobody says anything (4.2.2)', () => {
    const modified = (agoMs: number): Fields => [...date, ['Last-Modified', at(T - agoMs)]];
    expect(lifetime({ fields: modified(10 * HOUR) })).toBe(HOUR);
    expect(lifetime({ fields: modified(1000 * 24 * HOUR) })).toBe(24 * HOUR);
    expect(lifetime({ fields: modified(-HOUR) })).toBe(0);
    expect(lifetime({ fields: modified(10 * HOUR), policy: { ...proxy, ttlMs: 9000 } })).toBe(9000);
  });

  it('is guessed only for statuses that allow it, or with public (4.2.2)', () => {
    const fields: Fields = [['Last-Modified', at(T - 10 * HOUR)]];
    expect(lifetime({ fields, status: 302 })).toBe(0);
    expect(lifetime({ fields: [...fields, ...cc('public')], status: 302 })).toBe(HOUR);
  });
});

describe('the age on arrival (RFC 9111 4.2.3)', () => {
  const age = (change: Case): number =>
    stored({ ...change, fields: [...cc('max-age=60'), ...(change.fields ?? [])] }).initialAgeMs;

  it('is the Age that came, plus the response delay', () => {
    expect(age({ fields: [['Age', '10']], delayMs: 700 })).toBe(10_700);
  });

  it('is not less than the time since Date, in whole seconds', () => {
    expect(
      age({
        fields: [
          ['Date', at(T - 30_000)],
          ['Age', '10'],
        ],
      }),
    ).toBe(30_000);
    expect(age({ fields: [['Date', at(T + 30_000)]] })).toBe(0);
  });

  it('takes the first of several Age members and ignores what is no number (5.1)', () => {
    expect(age({ fields: [['Age', '3, 9']] })).toBe(3000);
    expect(age({ fields: [['Age', '-3']] })).toBe(0);
    expect(age({ fields: [['Age', 'soon']] })).toBe(0);
  });

  it('counts by our clock alone where the ttl is ours, so that a slow upstream clock makes nothing stale for ever', () => {
    const fields: Fields = [['Date', at(T - HOUR)]];
    expect(stored({ fields, policy: { ...proxy, ttlMs: 9000 }, delayMs: 50 }).initialAgeMs).toBe(50);
  });
});

describe('the grace', () => {
  it.each(['must-revalidate', 'proxy-revalidate', 's-maxage=9', 'no-cache'])(
    'is none with %s (RFC 9111 4.2.4)',
    (directive) => {
      expect(stored({ fields: cc(`max-age=9, stale-while-revalidate=60, ${directive}`), policy: proxy }).graceMs).toBe(
        0,
      );
    },
  );

  it('is stale-while-revalidate in the strict profile, and nothing else (RFC 5861 3)', () => {
    expect(stored({ fields: cc('max-age=9, stale-while-revalidate=60') }).graceMs).toBe(60_000);
    expect(stored({ fields: cc('max-age=9') }).graceMs).toBe(0);
  });

  it('is the longer of both in the proxy profile', () => {
    expect(stored({ fields: cc('max-age=9, stale-while-revalidate=60'), policy: proxy }).graceMs).toBe(600_000);
    expect(stored({ fields: cc('max-age=9, stale-while-revalidate=900'), policy: proxy }).graceMs).toBe(900_000);
  });
});

describe('the stored fields (RFC 9111 3.1)', () => {
  it('leave out the connection, the limits of the moment and the Age that came', () => {
    const gone: Fields = [
      ['Connection', 'x-hop'],
      ['X-Hop', '1'],
      ['Transfer-Encoding', 'chunked'],
      ['RateLimit', '"a";r=1;t=2'],
      ['RateLimit-Policy', '"a";q=9'],
      ['X-RateLimit-Remaining', '3'],
      ['x-rate-limit-reset', '3'],
      ['X-HubSpot-RateLimit-Daily', '3'],
      ['Retry-After', '3'],
      ['Age', '3'],
    ];
    const kept: Fields = [
      ['Date', at(T)],
      ['X-B', '2'],
      ['x-b', '1'],
    ];
    expect(stored({ fields: [...gone, ...kept] }).fields).toEqual(kept);
  });

  it('leave out what no-cache names, and in the shared partition what private names, and cookies', () => {
    const fields: Fields = [
      ...cc('public, no-cache="X-A", private="X-B"'),
      ['x-a', '1'],
      ['x-b', '2'],
      ['Set-Cookie', 'c=1'],
    ];
    const names = (partition: string): string[] => stored({ fields, partition }).fields.map(([name]) => name);
    expect(names('shared')).toEqual(['Cache-Control', 'Date']);
    expect(names('abc')).toEqual(['Cache-Control', 'x-b', 'Set-Cookie', 'Date']);
  });

  it('have one Content-Length, that of the kept body', () => {
    expect(
      fieldLines(
        stored({
          fields: [
            ['Content-Length', '7'],
            ['content-length', '7'],
          ],
        }).fields,
        'content-length',
      ),
    ).toEqual(['5']);
    expect(fieldValue(stored({}).fields, 'content-length')).toBeUndefined();
  });

  it('have a Date, the time of receipt where none came (RFC 9110 6.6.1)', () => {
    expect(fieldLines(stored({ fields: [['Date', 'garbage']] }).fields, 'date')).toEqual([at(T)]);
  });
});

describe('a 304', () => {
  const fields: Fields = [
    ...cc('max-age=60'),
    ['Date', at(T)],
    ['ETag', '"1"'],
    ['X-Multi', 'a'],
    ['X-Between', 'b'],
    ['X-Multi', 'c'],
    ['Content-Length', '5'],
    ['Content-Encoding', 'gzip'],
  ];
  const entry = stored({ fields, policy: proxy });
  const renewed = (responseFields: Fields, old = entry): Entry =>
    renewedBy304(old, {
      responseFields,
      version: { fence: 1, send: 2 },
      requestedAt: T + HOUR - 40,
      receivedAt: T + HOUR,
      policy: proxy,
    });

  it('renews the age and keeps body, status, identity and the freshness that it does not name (RFC 9111 4.3.4)', () => {
    const after = renewed([]);
    expect(after).toMatchObject({
      lifetimeMs: 60_000,
      initialAgeMs: 40,
      receivedAt: T + HOUR,
      version: { fence: 1, send: 2 },
      bodyHash: 'h',
      status: 200,
      etag: '"1"',
    });
    expect(fieldValue(after.fields, 'date')).toBe(at(T + HOUR));
  });

  it('replaces the fields that it brings, in their place, all lines together (RFC 9111 3.2)', () => {
    const after = renewed([
      ['x-multi', '1'],
      ['x-multi', '2'],
      ['X-New', 'n'],
      ['Cache-Control', 'max-age=5'],
    ]);
    expect(after.fields.map(([name, value]) => `${name}: ${value}`)).toEqual([
      'Cache-Control: max-age=5',
      `Date: ${at(T + HOUR)}`,
      'ETag: "1"',
      'x-multi: 1',
      'x-multi: 2',
      'X-Between: b',
      'Content-Length: 5',
      'Content-Encoding: gzip',
      'Vary: Accept-Encoding',
      'X-New: n',
    ]);
    expect(after.lifetimeMs).toBe(5000);
  });

  it('does not touch the fields that describe the kept body, nor bring in limits (RFC 9111 3.2)', () => {
    const after = renewed([
      ['Content-Length', '0'],
      ['Content-Encoding', 'br'],
      ['Content-Range', 'bytes 0-1/2'],
      ['X-RateLimit-Remaining', '1'],
      ['Retry-After', '9'],
    ]);
    expect(after.fields.filter(([name]) => name !== 'Date')).toEqual(entry.fields.filter(([name]) => name !== 'Date'));
  });

  it('counts the Age that it brings, and takes fields away that it forbids to keep', () => {
    expect(renewed([['Age', '20']]).initialAgeMs).toBe(20_040);
    expect(fieldValue(renewed(cc('no-cache="x-between", max-age=9')).fields, 'x-between')).toBeUndefined();
  });

  it('with another validator than the stored one speaks of something else (RFC 9111 4.3.4)', () => {
    expect(isRenewableBy304(entry, [['ETag', 'W/"1"']])).toBe(true);
    expect(isRenewableBy304(entry, [])).toBe(true);
    expect(isRenewableBy304(entry, [['ETag', '"2"']])).toBe(false);
    expect(isRenewableBy304(stored({ fields: [['Last-Modified', at(T)]] }), [['Last-Modified', at(T + 1000)]])).toBe(
      false,
    );
  });
});

describe('a 200 to a HEAD (RFC 9111 4.3.5)', () => {
  const entry = stored({ fields: [...cc('max-age=60'), ['ETag', '"1"'], ['Last-Modified', at(T - HOUR)]] });
  const head = (responseFields: Fields): Entry =>
    freshenedByHead(entry, {
      ...{ responseFields, policy: strict, version: { fence: 1, send: 2 } },
      ...{ requestedAt: T + HOUR, receivedAt: T + HOUR },
    });

  it('of the same validators and length renews what is stored', () => {
    const after = head([['ETag', '"1"'], ['Content-Length', '5'], ['X-New', 'n'], ...cc('max-age=90')]);
    expect(after).toMatchObject({ lifetimeMs: 90_000, receivedAt: T + HOUR, version: { send: 2 }, bodyBytes: 5 });
    expect(fieldValue(after.fields, 'x-new')).toBe('n');
  });

  it('in another coding says nothing of what is stored', () => {
    expect(head([...cc('max-age=90'), ['Content-Encoding', 'gzip'], ['ETag', '"2"']])).toBe(entry);
  });

  it.each([
    ['ETag', '"2"'],
    ['Last-Modified', at(T)],
    ['Content-Length', '6'],
  ] as const)('of another %s makes it stale, to be asked about by its validators', (name, value) => {
    expect(head([...cc('max-age=90'), [name, value]])).toMatchObject({
      ...{ lifetimeMs: 0, graceMs: 0, etag: '"1"', version: { send: 2 }, fields: entry.fields },
    });
  });
});
