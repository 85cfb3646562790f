import { expect, it } from 'vitest';
import { TextShelf } from './text-shelf.js';

it('texts are kept letter by letter, also beyond ASCII, while others come and go', () => {
  const shelf = new TextShelf();
  shelf.reserve(3);
  ['/items/1', '/größe?ü=😀', ''].forEach((text, slot) => shelf.put(slot, text));
  expect([0, 1, 2].map((slot) => shelf.get(slot))).toEqual(['/items/1', '/größe?ü=😀', '']);
  shelf.drop(0);
  shelf.put(0, '/other');
  expect([0, 1].map((slot) => shelf.get(slot))).toEqual(['/other', '/größe?ü=😀']);
});

it('the room of what is gone is used again: lists that are replaced again and again do not add up', () => {
  const shelf = new TextShelf();
  const slots = 2_000;
  shelf.reserve(slots);
  const textOf = (round: number, slot: number): string => `/${round}/${slot}/`.padEnd(200, 'x');
  for (let round = 0; round < 30; round += 1) {
    for (let slot = 0; slot < slots; slot += 1) shelf.drop(slot);
    for (let slot = 0; slot < slots; slot += 1) shelf.put(slot, textOf(round, slot));
  }
  expect(shelf.get(1_234)).toBe(textOf(29, 1_234));
  expect(shelf.bytes).toBeLessThan(slots * 200 * 8);
});
