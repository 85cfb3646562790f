import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { dialectNamed } from '#core';
import type { Dialect, Fields } from '#core';
import { decode } from './body-coding.js';
import type { Purpose } from './flight.js';
import { readOutcome } from './outcome-reading.js';
import { sentFields } from './sent-fields.js';

function sent(purpose: Purpose, fields: Fields, credential: Fields = []): Fields {
  return sentFields({ order: { purpose, fields, validators: [] }, unconditional: false }, credential);
}

describe('Accept-Encoding', () => {
  const asked: Fields = [['Accept-Encoding', 'br']];

  test.each(['read', 'revalidate'] as const)('of a %s is ours', (purpose) => {
    const lines = sent(purpose, asked).filter(([name]) => name === 'Accept-Encoding');
    expect(lines).toHaveLength(1);
    expect(lines[0]?.[1]).toMatch(/^gzip, br;q=0\.9/);
  });

  test.each(['pass', 'write'] as const)('of a %s is the client’s', (purpose) => {
    expect(sent(purpose, asked)).toContainEqual(['Accept-Encoding', 'br']);
    expect(sent(purpose, []).some(([name]) => name === 'Accept-Encoding')).toBe(false);
  });
});

describe('a body in a coding', () => {
  test('is undone up to a bound, and where it is whole', () => {
    const zipped = gzipSync('hello');
    expect(Buffer.from(decode('gzip', zipped, 5) ?? []).toString()).toBe('hello');
    expect(decode('gzip', zipped, 4)).toBeUndefined();
    expect(decode('gzip', zipped.subarray(0, 8), 100)).toBeUndefined();
    expect(decode('compress', zipped, 100)).toBeUndefined();
  });

  test('is read for what it says of a throttle', () => {
    const dialect = dialectNamed('slack') as Dialect;
    const body = gzipSync(JSON.stringify({ ok: false, error: 'ratelimited' }));
    const read = (fields: Fields): string =>
      readOutcome({ kind: 'answered', status: 200, fields, body, requestedAt: 0, receivedAt: 0 }, { dialect }, 0)
        .throttle.kind;
    expect(read([['Content-Encoding', 'gzip']])).toBe('throttle');
    expect(read([])).toBe('none');
  });
});
