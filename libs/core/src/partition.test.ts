import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  credentialFieldsOf,
  maskQuery,
  partitionOf,
  withoutCredentials,
  type CredentialRule,
  type Requester,
} from './partition.js';
import type { Fields } from './fields.js';

const byDefault: CredentialRule = { kind: 'default' };
const QUERY = ['api_key', 'token'];
const requester: Requester = {
  fields: [],
  query: '',
  rule: byDefault,
  credentialQuery: QUERY,
  hmacKey: new Uint8Array(32).fill(7),
};
const partitionFor = (change: Partial<Requester>): string => partitionOf({ ...requester, ...change });

describe('credential fields', () => {
  it.each(['Authorization', 'Cookie', 'X-Api-Key', 'X-Auth', 'PRIVATE-TOKEN', 'Client-Secret', 'X-Session-Id'])(
    '%s is one by default',
    (name) => {
      expect(credentialFieldsOf([[name, 'x']], byDefault)).toEqual([[name, 'x']]);
    },
  );

  it.each(['Idempotency-Key', 'Proxy-Authorization', 'Accept', 'User-Agent'])('%s is none by default', (name) => {
    expect(credentialFieldsOf([[name, 'x']], byDefault)).toEqual([]);
  });

  it('are those of the list where there is one, never the one that is for us', () => {
    const rule: CredentialRule = { kind: 'list', names: ['X-Tenant', 'Proxy-Authorization'] };
    const fields: Fields = [
      ['x-tenant', '1'],
      ['Authorization', 'b'],
      ['Proxy-Authorization', 'c'],
    ];
    expect(credentialFieldsOf(fields, rule)).toEqual([['x-tenant', '1']]);
    expect(withoutCredentials(fields, rule)).toEqual([
      ['Authorization', 'b'],
      ['Proxy-Authorization', 'c'],
    ]);
  });
});

describe('the partition', () => {
  it('is shared without credentials', () => {
    expect(
      partitionFor({
        fields: [
          ['Accept', '*/*'],
          ['Idempotency-Key', 'k'],
          ['Proxy-Authorization', 'Bearer us'],
        ],
        query: 'q=1',
      }),
    ).toBe('shared');
  });

  it('is a hash of 32 digits that depends on the key of this installation', () => {
    const fields: Fields = [['Authorization', 'Bearer a']];
    expect(partitionFor({ fields })).toMatch(/^[0-9a-f]{32}$/);
    expect(partitionFor({ fields })).not.toBe(partitionFor({ fields, hmacKey: new Uint8Array(32).fill(8) }));
  });

  it('does not depend on the case or order of names, nor on other fields', () => {
    const a = partitionFor({
      fields: [
        ['Authorization', 'a'],
        ['Cookie', 'c=1'],
        ['Accept', 'x'],
      ],
    });
    expect(
      partitionFor({
        fields: [
          ['cookie', 'c=1'],
          ['AUTHORIZATION', 'a'],
        ],
      }),
    ).toBe(a);
  });

  it('is never the same for different credentials', () => {
    const credential = fc.tuple(fc.constantFrom('authorization', 'cookie', 'x-api-key'), fc.string({ maxLength: 3 }));
    const list = fc.array(credential, { maxLength: 3 });
    const byName = (fields: Fields): Fields => fields.toSorted(([a], [b]) => (a < b ? -1 : Number(a > b)));
    fc.assert(
      fc.property(list, list, (a, b) => {
        const isSame = JSON.stringify(byName(a)) === JSON.stringify(byName(b));
        expect(partitionFor({ fields: a }) === partitionFor({ fields: b })).toBe(isSame);
      }),
    );
  });

  it.each(['api_key=1', '?a=b&Token=1', 'api%5Fkey=1', 'a=1;token=2', 'token='])('is made by the query %s', (query) => {
    expect(partitionFor({ query })).toMatch(/^[0-9a-f]{32}$/);
  });

  it('of different query credentials differs', () => {
    expect(partitionFor({ query: 'token=1' })).not.toBe(partitionFor({ query: 'token=2' }));
    expect(partitionFor({ query: 'mytoken=1&q=token' })).toBe('shared');
  });
});

describe('a masked path', () => {
  it.each([
    ['/x?a=1&api_key=s3cret&b=2', '/x?a=1&api_key=***&b=2'],
    ['/x?api%5Fkey=s&TOKEN=s', '/x?api%5Fkey=***&TOKEN=***'],
    ['/x?a=1;token=s;t', '/x?a=1;token=***'],
    ['/token=1?q', '/token=1?q'],
    ['/x', '/x'],
  ])('of %s is %s', (path, expected) => {
    expect(maskQuery(path, QUERY)).toBe(expected);
  });
});
