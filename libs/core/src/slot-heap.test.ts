import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SlotHeap } from './slot-heap.js';

describe('the heap of slots', () => {
  it('gives the first of those that are left, whatever was taken out from the middle', () => {
    const steps = fc.array(fc.oneof(fc.record({ key: fc.nat(50) }), fc.record({ pick: fc.nat() })), { maxLength: 200 });
    fc.assert(
      fc.property(steps, (all) => {
        const keys: number[] = [];
        const at = new Map<number, number>();
        const left = new Set<number>();
        const heap = new SlotHeap(
          (a, b) => keys[a]! < keys[b]!,
          (slot, place) => at.set(slot, place),
        );
        for (const step of all) {
          if ('key' in step) {
            left.add(keys.push(step.key) - 1);
            heap.add(keys.length - 1);
          } else if (left.size > 0) {
            const slot = [...left][step.pick % left.size]!;
            heap.removeAt(at.get(slot)!);
            left.delete(slot);
          }
          expect(heap.size).toBe(left.size);
          const least = Math.min(...[...left].map((slot) => keys[slot]!));
          expect(keys[heap.first() ?? -1] ?? Infinity).toBe(least);
        }
        const rest = [...left].map((slot) => keys[slot]!).toSorted((a, b) => a - b);
        expect(rest.map(() => keys[heap.removeFirst()!])).toEqual(rest);
      }),
    );
  });

  it('puts another in place of the first', () => {
    const heap = new SlotHeap((a, b) => a < b);
    for (const slot of [5, 3, 8]) heap.add(slot);
    heap.replaceFirst(9);
    expect([heap.removeFirst(), heap.removeFirst(), heap.removeFirst(), heap.removeFirst()]).toEqual([
      5,
      8,
      9,
      undefined,
    ]);
  });
});
