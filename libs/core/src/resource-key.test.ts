import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyOf, urlHashOf } from './resource-key.js';

const parts = fc.record({ upstream: fc.string(), url: fc.string(), partition: fc.string(), variant: fc.string() });

describe('the key of a resource', () => {
  it('is 32 hexadecimal digits, the same in every process', () => {
    const identity = { upstream: 'crm', url: 'https://h/x', partition: 'shared', variant: '' };
    expect(keyOf(identity)).toBe(keyOf({ ...identity }));
    expect(keyOf(identity)).toMatch(/^[0-9a-f]{32}$/);
    expect(urlHashOf('crm', 'https://h/x')).toMatch(/^[0-9a-f]{32}$/);
  });

  it('differs as soon as any part differs', () => {
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        const isSame = (Object.keys(a) as (keyof typeof a)[]).every((part) => a[part] === b[part]);
        expect(keyOf(a) === keyOf(b)).toBe(isSame);
      }),
    );
  });

  it('does not let a character move from one part to the next', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ minLength: 1 }), (a, b) => {
        const [upstream, partition] = ['u', 'shared'];
        expect(keyOf({ upstream, url: a + b, partition, variant: '' })).not.toBe(
          keyOf({ upstream, url: a, partition: b + partition, variant: '' }),
        );
        expect(urlHashOf(upstream + b, a)).not.toBe(urlHashOf(upstream, b + a));
      }),
    );
  });
});
