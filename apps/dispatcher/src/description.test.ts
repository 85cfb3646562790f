import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Entry, Fields } from '#core';
import { describerOf } from './description.js';
import { KnownEntries } from './known-entries.js';

const JSON_FIELDS: Fields = [['Content-Type', 'application/vnd.api+json; charset=utf-8']];
const entryOf = (bodyHash: string, fields: Fields = JSON_FIELDS): Entry =>
  ({ key: 'k', urlHash: 'u', version: { fence: 1, send: 1 }, bodyHash, fields }) as Entry;

function describer(volatileFields: readonly string[] = ['/servedAt']) {
  const known = new KnownEntries();
  const cache = { tagHeader: 'Cache-Tag', maxBodyBytes: 10_000 };
  const refresh = { volatileFields, together: [], lists: [] };
  const describe = describerOf({ cache, refresh } as never, known);
  const hashOf = (text: string, fields?: Fields): string | undefined =>
    describe(entryOf(text, fields), Buffer.from(text)).changeHash;
  return { known, describe, hashOf };
}

describe('what an answer counts as changed by', () => {
  it('is its content without the volatile fields, however it is written', () => {
    const { hashOf } = describer();
    expect(hashOf('{"servedAt":1,"a":[1,2]}')).toBe(hashOf('{ "a": [1, 2] }'));
    expect(hashOf('{"servedAt":1,"a":[1,2]}')).not.toBe(hashOf('{"servedAt":1,"a":[2,1]}'));
  });

  it('is its bytes where nothing is volatile, or where it is no JSON', () => {
    expect(describer([]).hashOf('{"servedAt":1}')).toBeUndefined();
    const { hashOf } = describer();
    expect(hashOf('{"servedAt":1}', [['Content-Type', 'text/html']])).toBeUndefined();
    expect(hashOf('<html>')).toBeUndefined();
  });

  it('is looked for behind a coding', () => {
    const { describe, hashOf } = describer();
    const coded = entryOf('coded', [...JSON_FIELDS, ['Content-Encoding', 'gzip']]);
    expect(describe(coded, gzipSync('{"servedAt":7,"a":1}')).changeHash).toBe(hashOf('{"a":1}'));
    expect(describe(coded, Buffer.from('no gzip')).changeHash).toBeUndefined();
  });

  it('is not made again for a body that is stored already, nor for a renewal', () => {
    const { known, describe, hashOf } = describer();
    known.put({ entry: entryOf('{"a":1}'), requestFields: [] });
    expect(hashOf('{"a":1}')).toBeUndefined();
    expect(hashOf('{"a":2}')).toBeDefined();
    expect(describe(entryOf('other'), undefined).changeHash).toBeUndefined();
  });
});

it('the tags of an answer go with it, also where it is renewed', () => {
  const { describe } = describer([]);
  const tagged = entryOf('x', [['Cache-Tag', 'a,b']]);
  expect(describe(tagged, undefined)).toEqual({ tags: ['a', 'b'] });
  expect(describe(entryOf('x'), undefined)).toEqual({ tags: [] });
});
