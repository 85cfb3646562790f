import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldsOfPart, splitAnswer, type SplitRule } from './split-answer.js';

const rule: SplitRule = { items: '/data', id: '/id' };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function partsOf(text: string, how = rule): [id: string, text: string][] {
  const split = splitAnswer(bytes(text), how);
  if (split.kind === 'not-split') throw new Error(split.reason);
  return split.elements.map(({ id, text: part }) => [id, part]);
}

function reasonOf(text: string, how = rule): string {
  const split = splitAnswer(bytes(text), how);
  return split.kind === 'not-split' ? split.reason : 'it was split';
}

describe('an answer that brings several resources', () => {
  it('is cut as it is written, and no number is made another', () => {
    const text = '{ "data": [ {"id": 9007199254740993, "price": 1.0} , {"id":"b","n":[1, 2]} ], "next": null }';
    expect(partsOf(text)).toEqual([
      ['9007199254740993', '{"id": 9007199254740993, "price": 1.0}'],
      ['b', '{"id":"b","n":[1, 2]}'],
    ]);
  });

  it('may be an array itself, and its ids may stand deeper', () => {
    expect(partsOf('[{"of":{"key":"x"}}]', { items: '', id: '/of/key' })).toEqual([['x', '{"of":{"key":"x"}}']]);
  });

  it('may hold brackets, quotes and backslashes in its texts', () => {
    const element = '{"id":1,"text":"a \\"]}\\\\"}';
    expect(partsOf(`{"data":[${element},{"id":2}]}`)).toEqual([
      ['1', element],
      ['2', '{"id":2}'],
    ]);
  });

  it('leaves out elements without an id, with one that is no text or number, or with that of another', () => {
    const elements = ['{}', 'null', '7', '{"id":null}', '{"id":{}}', '{"id":1}', '{"id":"1"}', '{"id":2}'];
    expect(partsOf(`{"data":[${elements.join()}]}`)).toEqual([['2', '{"id":2}']]);
  });

  it('is told apart from what cannot be split', () => {
    expect(reasonOf('<html>')).toBe('the answer is no JSON');
    expect(reasonOf('{"data":[{"id":1}')).toBe('the answer is no JSON');
    expect(reasonOf('')).toBe('the answer is no JSON');
    expect(reasonOf('{"items":[]}')).toBe('no array stands at "/data" of the answer');
    expect(reasonOf('{"data":{"1":{}}}')).toBe('no array stands at "/data" of the answer');
    expect(splitAnswer(Uint8Array.of(0x22, 0xff, 0x22), rule)).toMatchObject({ reason: 'the answer is no JSON' });
  });

  it('is split in a moment also with 10,000 elements, and with nesting that has no end', () => {
    const many = Array.from({ length: 10_000 }, (_, i) => `{"id":${i},"s":"${'x'.repeat(50)}"}`);
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    const before = process.cpuUsage().user;
    expect(partsOf(`{"data":[${many.join()}]}`)).toHaveLength(10_000);
    expect(partsOf(`{"data":[{"id":1,"deep":${deep}}]}`)).toHaveLength(1);
    // Microseconds; what grows with the square takes minutes.
    expect(process.cpuUsage().user - before).toBeLessThan(2_000_000);
  });

  it('brings each element as JSON.parse finds it, whatever they are', () => {
    const element = fc.record({ id: fc.integer({ min: 0 }), more: fc.jsonValue({ maxDepth: 3 }) });
    fc.assert(
      fc.property(fc.uniqueArray(element, { selector: ({ id }) => id }), fc.nat(3), (elements, indent) => {
        const parts = partsOf(JSON.stringify({ before: '"data":[', data: elements }, undefined, indent));
        expect(parts.map(([, text]) => JSON.parse(text) as unknown)).toEqual(JSON.parse(JSON.stringify(elements)));
        expect(parts.map(([id]) => id)).toEqual(elements.map(({ id }) => String(id)));
      }),
    );
  });

  it('tells what stands beside its elements', () => {
    const split = splitAnswer(bytes('{"data":[{"id":1,"at":"noon"}],"links":{"next":"/x?page=2"}}'), rule);
    if (split.kind !== 'split') throw new Error(split.reason);
    expect(split.scalar('/links/next')).toBe('/x?page=2');
    expect(split.scalar('/links')).toBeUndefined();
    expect(split.elements[0]?.scalar('/at')).toBe('noon');
  });
});

it('a part has the freshness of the whole, and neither its validators nor what describes its bytes', () => {
  const fields = fieldsOfPart(
    [
      ['Date', 'Tue, 24 Nov 2026 16:00:00 GMT'],
      ['Cache-Control', 'max-age=60'],
      ['Age', '3'],
      ['Vary', 'Accept'],
      ['ETag', '"whole"'],
      ['Last-Modified', 'Tue, 24 Nov 2026 15:00:00 GMT'],
      ['content-type', 'application/vnd.api+json'],
      ['Content-Encoding', 'gzip'],
      ['Content-Length', '900'],
      ['Link', '</items?page=2>; rel=next'],
    ],
    12,
  );
  expect(fields).toEqual([
    ['Date', 'Tue, 24 Nov 2026 16:00:00 GMT'],
    ['Cache-Control', 'max-age=60'],
    ['Age', '3'],
    ['Vary', 'Accept'],
    ['Content-Type', 'application/json'],
    ['Content-Length', '12'],
  ]);
});
