import { expect, it } from 'vitest';
import type { Arrival } from './judge.js';
import { exceedsWindow, mostWithin, quantile, verdictOf } from './verdict.js';

const arrival = (atMs: number, from = 'a', more: Partial<Arrival> = {}): Arrival => ({
  atMs,
  from,
  inFlight: 1,
  kind: 'ordinary',
  ...more,
});

const how = { limit: 2, fromMs: 1_000, isNext: ({ from }: Arrival) => from === 'b' };

it('the first call of the next holder is counted from the deed', () => {
  expect(verdictOf([arrival(1_010), arrival(3_500, 'b')], how).firstCallMs).toBe(2_500);
  expect(verdictOf([arrival(1_010)], how).firstCallMs).toBeNull();
});

it('one more than the limit within a second is seen, with how close they came', () => {
  const verdict = verdictOf([arrival(0), arrival(500), arrival(990)], how);
  expect(verdict).toMatchObject({ mostInWindow: 3, closestMs: 990 });
  expect(exceedsWindow(verdict, 5)).toBe(true);
  expect(exceedsWindow(verdict, 10)).toBe(false);
});

it('a second apart is not within a second', () => {
  const verdict = verdictOf([arrival(0), arrival(500), arrival(1_000)], how);
  expect(verdict.mostInWindow).toBe(2);
  expect(exceedsWindow(verdict, 0)).toBe(false);
});

it('concurrency and violations are those of the log', () => {
  const log = [arrival(0, 'a', { inFlight: 7 }), arrival(1, 'a', { kind: 'violation' })];
  expect(verdictOf(log, how)).toMatchObject({ mostInFlight: 7, violations: 1, throttled: 1 });
});

it('quantiles and empty logs', () => {
  expect(quantile([3, 1, 2], 0.5)).toBe(2);
  expect(mostWithin(1_000, [])).toBe(0);
});
