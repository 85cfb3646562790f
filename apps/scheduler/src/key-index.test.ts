import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyIndex } from './key-index.js';

const keyOf = (n: number): string => n.toString(16).padStart(32, '0');

/** Keys that differ by few bits, so that many want the same place. */
const step = fc.record({ kind: fc.constantFrom('add', 'remove'), n: fc.nat(60) });

describe('slots by key', () => {
  it('are found as in a map, whatever comes and goes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const index = new KeyIndex();
        const model = new Map<number, number>();
        const free = Array.from({ length: 61 }, (_, slot) => slot);
        index.reserve(61);
        for (const { kind, n } of steps) {
          const slot = model.get(n);
          if (kind === 'add' && slot === undefined) {
            const next = free.pop() ?? 0;
            expect(index.add(next, keyOf(n))).toBe(true);
            model.set(n, next);
          } else if (kind === 'remove' && slot !== undefined) {
            index.remove(slot);
            model.delete(n);
            free.push(slot);
          }
        }
        for (let n = 0; n <= 60; n += 1) expect(index.find(keyOf(n))).toBe(model.get(n));
        for (const [n, slot] of model) expect([index.keyOf(slot), index.has(slot)]).toEqual([keyOf(n), true]);
        expect(index.size).toBe(model.size);
      }),
    );
  });

  it('stay where they are when the table grows', () => {
    const index = new KeyIndex();
    for (const slots of [10, 5_000]) {
      index.reserve(slots);
      for (let slot = index.size; slot < slots; slot += 1) index.add(slot, keyOf(slot * 7));
    }
    expect(Array.from({ length: 5_000 }, (_, slot) => index.find(keyOf(slot * 7)))).toEqual(
      Array.from({ length: 5_000 }, (_, slot) => slot),
    );
  });

  it('are not to be had for what is no key, nor twice for one', () => {
    const index = new KeyIndex();
    index.reserve(4);
    for (const odd of ['', 'k1', keyOf(1).toUpperCase().replace('0', 'A'), `${keyOf(1)}0`, keyOf(1).replace('0', 'g')])
      expect([index.add(0, odd), index.find(odd)]).toEqual([false, undefined]);
    expect([index.add(0, keyOf(1)), index.add(1, keyOf(1)), index.find(keyOf(1))]).toEqual([true, false, 0]);
  });
});
