import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { varyNamesOf, variantOf } from './vary.js';
import type { Fields } from './fields.js';

describe('Vary (RFC 9111 4.1)', () => {
  it('names fields in lower case, sorted, each once, over all lines', () => {
    const fields: Fields = [
      ['Vary', 'Accept-Language, accept'],
      ['vary', 'Accept'],
    ];
    expect(varyNamesOf(fields)).toEqual({ kind: 'names', names: ['accept', 'accept-language'] });
    expect(varyNamesOf([])).toEqual({ kind: 'names', names: [] });
  });

  it('does not name Accept-Encoding: all that is stored was asked for with one', () => {
    expect(varyNamesOf([['Vary', 'Accept-Encoding, Accept']])).toEqual({ kind: 'names', names: ['accept'] });
  });

  it('with a member "*" never matches', () => {
    expect(varyNamesOf([['Vary', 'Accept, *']])).toEqual({ kind: 'any' });
  });
});

describe('the variant', () => {
  it('is empty when an answer does not vary', () => {
    expect(variantOf([], [['Accept', 'a']])).toBe('');
  });

  it('is the same for values that mean the same', () => {
    expect(variantOf(['accept'], [['Accept', 'a,b']])).toBe(
      variantOf(
        ['accept'],
        [
          ['ACCEPT', ' a '],
          ['accept', 'b'],
        ],
      ),
    );
    expect(variantOf(['accept-encoding'], [['Accept-Encoding', 'gzip, br;q=0.5']])).toBe(
      variantOf(['accept-encoding'], [['accept-encoding', 'BR; q=0.5,gzip']]),
    );
  });

  it('differs by value, by order where order has a meaning, and by absence', () => {
    const values: Fields[] = [[['X', 'a']], [['X', 'b']], [['X', '']], [['X', 'a, b']], [['X', 'b, a']], []];
    const variants = values.map((fields) => variantOf(['x'], fields));
    expect(new Set(variants).size).toBe(6);
  });

  it('depends on the named fields only, in any order of lines', () => {
    const field = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.stringMatching(/^[a-z]{0,3}$/));
    fc.assert(
      fc.property(fc.uniqueArray(field, { selector: ([name]) => name }), (fields) => {
        expect(variantOf(['a', 'b'], [...fields].reverse())).toBe(
          variantOf(
            ['a', 'b'],
            fields.filter(([name]) => name !== 'c'),
          ),
        );
      }),
    );
  });
});
