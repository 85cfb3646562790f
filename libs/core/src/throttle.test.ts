import { describe, expect, it } from 'vitest';
import { github } from './dialects/github.js';
import { shopify } from './dialects/shopify.js';
import { standard } from './dialects/standard.js';
import type { Fields } from './fields.js';
import { readThrottle } from './throttle.js';

const NOW_MS = Date.UTC(2025, 5, 1, 12, 0, 0);
const NOW_S = NOW_MS / 1000;

function waitOf(fields: Fields, status = 429): number | undefined {
  const reading = readThrottle({ status, fields, nowMs: NOW_MS }, standard);
  if (reading.kind === 'none') throw new Error('expected a throttle');
  return reading.waitMs;
}

describe('what is a throttle', () => {
  it.each([
    [429, [], 'throttle'],
    [503, [['Retry-After', '3']], 'throttle'],
    [503, [], 'none'],
    [200, [['X-RateLimit-Remaining', '0']], 'none'],
    [403, [['X-RateLimit-Remaining', '0']], 'none'],
  ] as const)('standard: %i with %j is %s', (status, fields, kind) => {
    expect(readThrottle({ status, fields, nowMs: NOW_MS }, standard).kind).toBe(kind);
  });

  it.each([
    [[['X-RateLimit-Remaining', '0']], 'throttle'],
    [[['Retry-After', '60']], 'throttle'],
    [[['X-RateLimit-Remaining', '12']], 'none'],
  ] as const)('github: 403 with %j is %s', (fields, kind) => {
    expect(readThrottle({ status: 403, fields, nowMs: NOW_MS }, github).kind).toBe(kind);
  });

  it('github: a secondary limit without fields waits a minute', () => {
    const reading = readThrottle({ status: 429, fields: [], nowMs: NOW_MS }, github);
    expect(reading).toMatchObject({ waitMs: 60_000, source: 'github', grows: true });
  });
});

describe('the wait that a throttle asks for', () => {
  it.each([
    ['Retry-After', '60', 60_000],
    ['Retry-After', '600', 600_000],
    ['retry-after', '2.0', 2_000],
    ['Retry-After', String(NOW_S + 90), 90_000],
    ['X-RateLimit-Reset-After', '1.25', 1_250],
    ['X-RateLimit-Reset', '30', 30_000],
    ['X-RateLimit-Reset', String(NOW_S + 30), 30_000],
    ['X-RateLimit-Reset', String(NOW_MS + 1_500), 1_500],
    ['X-RateLimit-Reset', '2025-06-01T12:02Z', 120_000],
    ['X-RateLimit-Reset', '2025-06-01T14:00:07.500+02:00', 7_500],
    ['X-RateLimit-Reset', '6m0s', 360_000],
    ['X-RateLimit-Reset', '1m30.5s', 90_500],
    ['X-RateLimit-Reset', '12ms', 12],
    ['RateLimit', '"default";r=0;t=17', 17_000],
    ['RateLimit', 'limit=100, remaining=0, reset=9', 9_000],
    ['RateLimit-Reset', '8', 8_000],
  ])('%s: %s is %i ms (trap: 2.0, a date or ten minutes read as nothing)', (name, value, waitMs) => {
    expect(waitOf([[name, value]])).toBe(waitMs);
  });

  it('an HTTP-date is taken against the answer’s own Date, so that our clock may be wrong', () => {
    const fields: Fields = [
      ['Date', 'Sun, 01 Jun 2025 09:00:00 GMT'],
      ['Retry-After', 'Sun, 01 Jun 2025 09:00:20 GMT'],
    ];
    const reading = readThrottle({ status: 429, fields, nowMs: NOW_MS }, standard);
    expect(reading).toEqual({
      kind: 'throttle',
      waitMs: 20_000,
      resetAtMs: NOW_MS + 20_000,
      resolutionMs: 1000,
      grows: false,
      source: 'retry-after',
      raw: 'Sun, 01 Jun 2025 09:00:20 GMT',
      scope: undefined,
      final: false,
      ignored: [],
    });
  });

  it('Retry-After: 60 wins over a reset 40 minutes off (trap)', () => {
    expect(
      waitOf([
        ['X-RateLimit-Remaining', '0'],
        ['X-RateLimit-Reset', String(NOW_S + 2_400)],
        ['Retry-After', '60'],
      ]),
    ).toBe(60_000);
  });

  it('a reset counts only while its own remaining is 0 or absent, and of several the longest', () => {
    const fields: Fields = [
      ['X-RateLimit-Remaining', '5'],
      ['X-RateLimit-Reset', '3000'],
      ['RateLimit', '"burst";r=0;t=3, "day";r=0;t=40, "year";r=7;t=9000'],
    ];
    expect(waitOf(fields)).toBe(40_000);
    expect(waitOf(fields.slice(0, 2))).toBeUndefined();
  });

  it.each(['', 'soon', '-5', '1e3', 'Sun, 31 Feb 2025 09:00:20 GMT', '0', 'Sun, 01 Jun 2025 11:59:00 GMT', '6 m'])(
    'Retry-After: %j tells nothing, and the reset is asked',
    (value) => {
      expect(waitOf([['Retry-After', value]])).toBeUndefined();
      expect(
        waitOf([
          ['Retry-After', value],
          ['X-RateLimit-Reset', '7'],
        ]),
      ).toBe(7_000);
    },
  );
});

describe('what is told and cannot be used', () => {
  it('is listed, cut to 64 characters, beside what was believed instead', () => {
    const fields: Fields = [
      ['Retry-After', 'x'.repeat(200)],
      ['X-RateLimit-Reset', '7'],
    ];
    expect(readThrottle({ status: 429, fields, nowMs: NOW_MS }, standard)).toMatchObject({
      source: 'x-ratelimit-reset',
      raw: '7',
      ignored: [{ field: 'retry-after', value: 'x'.repeat(64) }],
    });
  });

  it('a Retry-After that stands there twice is read twice, and the longer wait counts', () => {
    expect(
      waitOf([
        ['Retry-After', '5'],
        ['Retry-After', 'Sun, 01 Jun 2025 12:00:30 GMT'],
      ]),
    ).toBe(30_000);
  });

  it('a quota below nothing is an exhausted one', () => {
    expect(
      waitOf([
        ['X-RateLimit-Remaining', '-3'],
        ['X-RateLimit-Reset', '7'],
      ]),
    ).toBe(7_000);
  });
});

describe('the body', () => {
  const throttled = Buffer.from(JSON.stringify({ errors: [{ extensions: { code: 'THROTTLED' } }] }));
  const kindOf = (body: Uint8Array, fields: Fields = []): string =>
    readThrottle({ status: 200, fields, body, nowMs: NOW_MS }, shopify).kind;

  it('beyond 64 KiB is not parsed', () => {
    const padding = Buffer.alloc(64 * 1024, ' ');
    expect(kindOf(Buffer.concat([throttled, padding.subarray(throttled.byteLength)]))).toBe('throttle');
    expect(kindOf(Buffer.concat([throttled, padding]))).toBe('none');
  });

  it('in a coding, or that is no JSON, has no paths', () => {
    expect(kindOf(throttled, [['Content-Encoding', 'identity']])).toBe('throttle');
    expect(kindOf(throttled, [['Content-Encoding', 'gzip']])).toBe('none');
    expect(kindOf(Buffer.from('{"errors":[{"extensions":{"code":"THROTTLED"'))).toBe('none');
  });

  it('does not lend what every object inherits', () => {
    const dialect = { ...shopify, throttles: [{ status: 200, when: [{ body: 'constructor.name' }] }] };
    expect(
      readThrottle({ status: 200, fields: [], body: Buffer.from('{"name":1}'), nowMs: NOW_MS }, dialect).kind,
    ).toBe('none');
  });
});
