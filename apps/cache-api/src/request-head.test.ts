import { describe, expect, test } from 'vitest';
import type { Fields } from '#core';
import { headFaultOf, isForUsAlone, type RequestHead } from './request-head.js';

const HOST: Fields = [['Host', 'penstock:8080']];

function head(given: Partial<RequestHead>): RequestHead {
  return { method: 'GET', target: '/own/x', version: '1.1', fields: HOST, ...given };
}

describe('Host', () => {
  test.each(['penstock', 'penstock:8080', '127.0.0.1:80', '[::1]:8080', '', 'a.b-c_d:'])('"%s" will do', (host) => {
    expect(headFaultOf(head({ fields: [['Host', host]] }))).toBeUndefined();
  });

  test.each(['a b', 'user@host', 'host/path', 'host:port', '[::1', 'a,b:1:2'])('"%s" is malformed', (host) => {
    expect(headFaultOf(head({ fields: [['host', host]] }))?.code).toBe('malformed_request');
  });

  test('two of them are malformed, also when they are the same', () => {
    expect(headFaultOf(head({ fields: [...HOST, ...HOST] }))?.code).toBe('malformed_request');
  });

  test('only HTTP/1.0 can do without', () => {
    expect(headFaultOf(head({ fields: [] }))?.code).toBe('malformed_request');
    expect(headFaultOf(head({ fields: [], version: '1.0' }))).toBeUndefined();
  });
});

test('a version that Node lets through and does not speak is refused', () => {
  expect(headFaultOf(head({ version: '2.0' }))?.code).toBe('http_version');
});

describe('Transfer-Encoding', () => {
  const coded = (value: string, version = '1.1'): string | undefined =>
    headFaultOf(head({ version, fields: [...HOST, ['Transfer-Encoding', value]] }))?.code;

  test('chunked is understood, in any case', () => {
    expect(coded('Chunked')).toBeUndefined();
  });

  test.each(['gzip, chunked', 'identity', 'chunked, chunked'])('"%s" is not', (value) => {
    expect(coded(value)).toBe('transfer_coding');
  });

  test('in HTTP/1.0 it is faulty framing', () => {
    expect(coded('chunked', '1.0')).toBe('malformed_request');
  });
});

describe('OPTIONS for us alone', () => {
  test.each([
    ['OPTIONS of *', head({ method: 'OPTIONS', target: '*' })],
    ['no forwards left', head({ method: 'OPTIONS', fields: [...HOST, ['Max-Forwards', '0']] })],
  ])('%s', (_, asked) => {
    expect(isForUsAlone(asked)).toBe(true);
  });

  test.each([
    ['a forward left', head({ method: 'OPTIONS', fields: [...HOST, ['Max-Forwards', '10']] })],
    ['another method', head({ method: 'GET', fields: [...HOST, ['Max-Forwards', '0']] })],
    ['no number', head({ method: 'OPTIONS', fields: [...HOST, ['Max-Forwards', '']] })],
  ])('%s is not', (_, asked) => {
    expect(isForUsAlone(asked)).toBe(false);
  });
});
