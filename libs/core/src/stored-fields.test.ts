import { describe, expect, it } from 'vitest';
import type { Fields } from './fields.js';
import { toldOnce } from './stored-fields.js';

describe('what only the one is told whose call brought an answer', () => {
  const came: Fields = [
    ['Content-Type', 'text/plain'],
    ['Set-Cookie', 'a=1'],
    ['X-RateLimit-Remaining', '7'],
    ['Connection', 'x-hop'],
    ['X-Hop', '1'],
    ['Age', '5'],
  ];

  it('is what the store leaves out, but for what ends at each hop and the age that we tell ourselves', () => {
    expect(toldOnce(came, [['content-type', 'text/plain']])).toEqual([
      ['Set-Cookie', 'a=1'],
      ['X-RateLimit-Remaining', '7'],
    ]);
  });

  it('is nothing where the store has all of it', () => {
    expect(toldOnce([['X-A', '1']], [['x-a', '1']])).toEqual([]);
  });

  it('is not what a 304 says of a body that is not its own (RFC 9111 3.2)', () => {
    const of304: Fields = [
      ['Content-Encoding', 'gzip'],
      ['Content-Length', '9'],
      ['Content-Range', 'bytes 0-1/2'],
    ];
    expect(toldOnce(of304, [])).toEqual([]);
  });
});
