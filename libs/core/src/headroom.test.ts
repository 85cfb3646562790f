import { expect, test } from 'vitest';
import { Headroom } from './headroom.js';

test('a loop that is in time binds nobody', () => {
  const headroom = new Headroom();
  for (let n = 0; n < 10; n += 1) headroom.seen(1, 256);
  expect(headroom.most).toBe(Infinity);
});

test('a loop that is late has less in flight each time, but never none', () => {
  const headroom = new Headroom();
  headroom.seen(40, 256);
  expect(headroom.most).toBe(192);
  for (let n = 0; n < 50; n += 1) headroom.seen(40, headroom.most);
  expect(headroom.most).toBe(4);
});

test('in time again it grows, only while the number is what binds', () => {
  const headroom = new Headroom();
  headroom.seen(40, 100);
  headroom.seen(2, 10);
  expect(headroom.most).toBe(75);
  headroom.seen(2, 75);
  expect(headroom.most).toBe(83);
});

test('when nobody waits any more it binds nobody again', () => {
  const headroom = new Headroom();
  headroom.seen(40, 100);
  headroom.lift();
  expect(headroom.most).toBe(Infinity);
});

test('of a loop whose lateness follows the calls in flight, it finds the number that is borne', () => {
  const headroom = new Headroom();
  let inFlight = 256;
  for (let n = 0; n < 100; n += 1) {
    headroom.seen(inFlight * 0.5, inFlight);
    inFlight = Math.min(256, headroom.most);
  }
  expect(inFlight).toBeGreaterThanOrEqual(9);
  expect(inFlight).toBeLessThanOrEqual(24);
});
