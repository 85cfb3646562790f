import { describe, expect, it } from 'vitest';
import { Allotment } from './allotment.js';
import { Turnstile } from './turnstile.js';

describe('the allotment', () => {
  it('comes to the whole rate, however it is asked for', () => {
    const allotment = new Allotment(333, 0);
    let due = 0;
    for (let ms = 0; ms <= 10_000; ms += 7) due += allotment.due(ms);
    expect(Math.abs(due - 3330)).toBeLessThanOrEqual(3);
  });

  it('does not catch up a stall in one burst', () => {
    const allotment = new Allotment(1000, 0);
    expect(allotment.due(10)).toBe(10);
    expect(allotment.due(2000)).toBe(40);
  });
});

describe('the turnstile', () => {
  it('refuses what is beyond the limit and a twentieth in any second', () => {
    const turnstile = new Turnstile(100);
    const admitted = Array.from({ length: 200 }, (_, n) => turnstile.admits(n)).filter(Boolean).length;
    expect(admitted).toBe(106);
    expect(turnstile.admits(999)).toBe(false);
    expect(turnstile.admits(1000)).toBe(true);
  });

  it('lets the limit itself pass for ever', () => {
    const turnstile = new Turnstile(100);
    expect(Array.from({ length: 2000 }, (_, n) => turnstile.admits(n * 10)).every(Boolean)).toBe(true);
  });
});
