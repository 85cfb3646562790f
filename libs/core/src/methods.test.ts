import { describe, expect, it } from 'vitest';
import { invalidatesUrl, isIdempotent, isRepeatable, isSafe, locationsToInvalidate } from './methods.js';

const METHODS = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'POST', 'PATCH', 'PURGE'];
const those = (holds: (method: string) => boolean): string[] => METHODS.filter(holds);

describe('methods (RFC 9110 9.2)', () => {
  it('are safe, or idempotent, or neither; of an unknown one nothing is known', () => {
    expect(those(isSafe)).toEqual(['GET', 'HEAD', 'OPTIONS']);
    expect(those(isIdempotent)).toEqual(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
  });

  it('that are not idempotent are repeated only with a key, and only POST and PATCH (9.2.2)', () => {
    expect(those((method) => isRepeatable(method, false))).toEqual(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
    expect(those((method) => isRepeatable(method, true))).toEqual([
      'GET',
      'HEAD',
      'OPTIONS',
      'PUT',
      'DELETE',
      'POST',
      'PATCH',
    ]);
  });

  it('that are unsafe or unknown make their URL invalid (RFC 9111 4.4)', () => {
    expect(those(invalidatesUrl)).toEqual(['PUT', 'DELETE', 'POST', 'PATCH', 'PURGE']);
  });
});

describe('what a write makes invalid besides (RFC 9111 4.4)', () => {
  const located = (location: string, name = 'Location'): string[] =>
    locationsToInvalidate({
      path: '/items?x=1',
      baseUrl: 'https://api.crm.example/v2',
      responseFields: [[name, location]],
    });

  it.each([
    ['/v2/items/7?a=%2f#f', ['/items/7?a=%2f']],
    ['items/7', ['/items/7']],
    ['https://API.crm.example:443/v2/items/7', ['/items/7']],
    ['//api.crm.example/v2/items/7', ['/items/7']],
    ['?y=2', ['/items?y=2']],
    ["/v2/items/7?q='a'", ['/items/7?q=%27a%27', "/items/7?q='a'"]],
  ])('%s of the same upstream', (location, expected) => {
    expect(located(location)).toEqual(expected);
    expect(located(location, 'content-location')).toEqual(expected);
  });

  it.each([
    'https://other.example/v2/items/7',
    'http://api.crm.example/v2/items/7',
    '/v1/items/7',
    '/v20/items',
    'https://api.crm.example:444/v2/x',
    'http://[',
    'mailto:a@b',
  ])('%s is elsewhere', (location) => {
    expect(located(location)).toEqual([]);
  });
});
