import { describe, expect, test } from 'vitest';
import { renamed } from './unregistered-method.js';

const told = (text: string): string | undefined => {
  const found = renamed(Buffer.from(text, 'latin1'));
  return found === undefined ? undefined : `${found.method}: ${found.bytes.toString('latin1')}`;
};

describe('a method that the parser does not know', () => {
  test.each(['FROB', 'get', 'X-1.a', '~'])('%s is kept aside, and the rest stays as it is', (method) => {
    expect(told(`${method} /x HTTP/1.1\r\nHost: a\r\n\r\n\xff`)).toBe(
      `${method}: POST /x HTTP/1.1\r\nHost: a\r\n\r\n\xff`,
    );
  });
});

describe('bytes are left to the parser', () => {
  test.each([
    ['a method that it knows', 'GET /x HTTP/1.1\r\n\r\n'],
    ['no token', 'G(T /x HTTP/1.1\r\n\r\n'],
    ['another protocol', '\x16\x03\x01 \x00'],
    ['no request line', 'hello world\r\n\r\n'],
    ['a version that it does not know', 'FROB /x HTTP/3.0\r\n\r\n'],
    ['a method of a thousand characters', `${'A'.repeat(1000)} /x HTTP/1.1\r\n\r\n`],
    ['nothing', ''],
  ])('%s', (_, text) => {
    expect(told(text)).toBeUndefined();
  });
});
