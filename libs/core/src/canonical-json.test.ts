import fc from 'fast-check';
import { expect, it } from 'vitest';
import { canonicalJson } from './canonical-json.js';

it('is the same for texts that differ in order, white space and spelling', () => {
  const one = '{"b":[1.0,{"y":"\\u0041","x":null}],"a":true}';
  const other = ' { "a" : true ,\n"b": [ 1, { "x" : null, "y": "A" } ] } ';
  expect(canonicalJson(one)).toBe('{"a":true,"b":[1,{"x":null,"y":"A"}]}');
  expect(canonicalJson(other)).toBe(canonicalJson(one));
});

it('keeps apart numbers that a double would make the same', () => {
  expect(canonicalJson('{"id":9007199254740993}')).not.toBe(canonicalJson('{"id":9007199254740992}'));
});

it('keeps the order of lists', () => {
  expect(canonicalJson('[1,2]')).not.toBe(canonicalJson('[2,1]'));
});

it('leaves out what pointers name, names with slashes and tildes included', () => {
  const text = '{"meta":{"servedAt":1,"kept":2},"a/b":3,"c~d":4,"rows":[{"n":5,"x":6},{"n":7,"x":8}]}';
  const without = ['/meta/servedAt', '/a~1b', '/c~0d', '/rows/1/x', '/nothing/there'];
  expect(canonicalJson(text, without)).toBe('{"meta":{"kept":2},"rows":[{"n":5,"x":6},{"n":7}]}');
});

it('is undefined for what is no JSON, and for what is nested without end', () => {
  expect(canonicalJson('<html>')).toBeUndefined();
  expect(canonicalJson('{"a":1')).toBeUndefined();
  expect(canonicalJson('['.repeat(10_000) + ']'.repeat(10_000))).toBeUndefined();
});

it('says of any value what JSON.stringify says of it, up to the order of members', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), (text) => {
      const canonical = canonicalJson(text);
      expect(canonical).toBeDefined();
      expect(JSON.parse(canonical ?? '')).toEqual(JSON.parse(text));
      expect(canonicalJson(canonical ?? '')).toBe(canonical);
    }),
  );
});
