import { describe, expect, test } from 'vitest';
import { askerOf } from './asker.js';
import { readyHeadOf } from './ready-head.js';

const everyone = (): boolean => true;
const fits = (...lines: string[]): boolean => askerOf(lines.join('\r\n'), everyone) !== undefined;

describe('a header section', () => {
  test.each([
    ['Host: x'],
    ['Host: x', 'Connection: Keep-Alive', 'X-Request-Id: 7', 'Sec-Fetch-Mode: cors', 'Accept-Encoding: gzip'],
    ['host:\tx', 'Authorization: Bearer one', 'Cookie: a=b', 'Cookie: c=d'],
  ])('%j is for the short path', (...lines) => {
    expect(fits(...lines)).toBe(true);
  });

  test.each([
    ['Accept: */*'],
    ['Host: x', 'Host: x'],
    ['Host: x', 'Connection: close'],
    ['Host: x', 'Connection: keep-alive, X-Hop'],
    ['Host: x', 'Connection: keep-alive', 'Connection: X-Hop'],
    ...['Cache-Control: no-cache', 'Pragma: no-cache', 'Range: bytes=0-1', 'If-None-Match: "a"', 'If-Match: *'].map(
      (line) => ['Host: x', line],
    ),
    ...['Prefer: wait=1', 'Expect: 100-continue', 'TE: trailers', 'Via: 1.1 x', 'Max-Forwards: 1'].map((line) => [
      'Host: x',
      line,
    ]),
    ...['Content-Length: 0', 'Transfer-Encoding: chunked', 'Upgrade: h2c', 'Trailer: x', 'Unheard-Of: 1'].map(
      (line) => ['Host: x', line],
    ),
    ...['X-A : 1', ' X-A: 1', 'X-A:', 'X-A: \u00e9', 'X-A: a\u0000b', 'X-A: a\nX-B: b', 'X-A', ': 1', 'X-A: a '].map(
      (line) => ['Host: x', line],
    ),
  ])('%j is for the general path', (...lines) => {
    expect(fits(...lines)).toBe(false);
  });

  test('of one who may not ask is for the general path, which tells', () => {
    const isAdmitted = (given: string): boolean => given === 'Bearer let-me-in';
    expect(askerOf('Host: x\r\nProxy-Authorization: Bearer let-me-in', isAdmitted)).toBeDefined();
    expect(askerOf('Host: x\r\nProxy-Authorization: Bearer guessed', isAdmitted)).toBeUndefined();
    expect(askerOf('Host: x', isAdmitted)).toBeUndefined();
  });

  test('says which coding is taken', () => {
    const asker = askerOf('Host: x\r\nAccept-Encoding: gzip;q=0.5', everyone);
    expect([asker?.takes('gzip'), asker?.takes('br'), asker?.takes('gzip')]).toEqual([true, false, true]);
  });
});

describe('a ready head', () => {
  const body = Buffer.from('hello');
  const fields = [
    ['Age', '7'],
    ['Cache-Status', 'other; hit'],
    ['Date', 'Tue, 24 Nov 2026 13:16:08 GMT'],
    ['Via', '1.1 penstock'],
    ['Age', '0'],
    ['Cache-Status', 'penstock; hit; ttl=0'],
    ['Content-Length', '5'],
  ] as const;

  test('is cut where our own Age and Cache-Status stand, not those of others', () => {
    const head = readyHeadOf({ status: 200, fields, body, outcome: 'hit' }, 65_000);
    expect(head?.beforeAge).toMatch(
      /^HTTP\/1\.1 200 OK\r\nAge: 7\r\nCache-Status: other; hit\r\n[^]*Via: 1\.1 penstock\r\nAge: $/,
    );
    expect(head?.between).toBe('\r\nCache-Status: ');
    expect(head?.afterStatus).toBe('\r\nContent-Length: 5\r\nConnection: keep-alive\r\nKeep-Alive: timeout=65\r\n\r\n');
  });

  test('is not made of what could break out of its line, nor of another length than that of the body', () => {
    const made = (more: readonly (readonly [string, string])[]): unknown =>
      readyHeadOf({ status: 200, fields: [...more, ...fields], body, outcome: 'hit' }, 65_000);
    expect(made([])).toBeDefined();
    expect(made([['X-Odd', 'a\r\nSet-Cookie: b']])).toBeUndefined();
    expect(made([['Content-Length', '6']])).toBeUndefined();
    expect(readyHeadOf({ status: 204, fields: fields.slice(0, 6), body, outcome: 'hit' }, 65_000)).toBeUndefined();
  });
});
