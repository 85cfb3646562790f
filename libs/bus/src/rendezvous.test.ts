import { describe, expect, it } from 'vitest';
import { rightfulHolder, shouldHold } from './rendezvous.js';

const keys = Array.from({ length: 300 }, (_, index) => `upstream.u${index}`);

describe('rendezvous', () => {
  it('names the same holder whatever the order of the members', () => {
    for (const key of keys) expect(rightfulHolder(key, ['a', 'b', 'c'])).toBe(rightfulHolder(key, ['c', 'a', 'b']));
  });

  it('gives each member its share', () => {
    for (const member of ['a', 'b', 'c']) {
      const held = keys.filter((key) => shouldHold(key, ['a', 'b', 'c'], member)).length;
      expect(held).toBeGreaterThan(60);
      expect(held).toBeLessThan(140);
    }
  });

  it('moves only the keys of the member that left', () => {
    for (const key of keys) {
      const before = rightfulHolder(key, ['a', 'b', 'c']);
      if (before !== 'c') expect(rightfulHolder(key, ['a', 'b'])).toBe(before);
    }
  });

  it('names nobody when there is nobody', () => {
    expect(rightfulHolder('upstream.u', [])).toBeNull();
    expect(shouldHold('upstream.u', [], 'a')).toBe(false);
  });
});
