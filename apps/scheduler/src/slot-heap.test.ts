import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HeapPlaces, SlotHeap } from './slot-heap.js';

it('slots come out by key, those of one key as they came, whatever is taken out of the middle', () => {
  const entries = fc.array(fc.record({ key: fc.nat(8), isRemoved: fc.boolean() }), { maxLength: 200 });
  fc.assert(
    fc.property(entries, (all) => {
      const places = new HeapPlaces();
      places.reserve(all.length);
      const heap = new SlotHeap(places);
      all.forEach(({ key }, slot) => heap.add(slot, key));
      all.forEach(({ isRemoved }, slot) => isRemoved && heap.remove(slot));
      const left = all.flatMap(({ key, isRemoved }, slot) => (isRemoved ? [] : [{ key, slot }]));
      const expected = left.toSorted((a, b) => a.key - b.key || a.slot - b.slot).map(({ slot }) => slot);
      const out: number[] = [];
      for (let slot = heap.first(); slot !== undefined; slot = heap.first()) {
        out.push(slot);
        heap.remove(slot);
      }
      expect(out).toEqual(expected);
      expect(all.some((_, slot) => places.isIn(slot))).toBe(false);
    }),
  );
});

it('a slot that stands in another heap is left where it is', () => {
  const places = new HeapPlaces();
  places.reserve(2);
  const [one, other] = [new SlotHeap(places), new SlotHeap(places)];
  one.add(0, 1);
  other.add(1, 1);
  one.remove(1);
  expect([one.size, other.size, other.first()]).toEqual([1, 1, 1]);
});
