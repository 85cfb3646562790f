import { expect, it } from 'vitest';
import { freshnessAt } from './optimal-rates.js';
import { freshnessAround } from './planner-error.js';

/** By ten thousand even steps over eight standard deviations to each side. */
function integrated(x: number, rateError: number): { mean: number; error: number } {
  const step = 16 / 10_000;
  let [mean, square, all] = [0, 0, 0];
  for (let z = -8; z <= 8; z += step) {
    const weight = Math.exp((-z * z) / 2);
    const fresh = freshnessAt(x * Math.exp(rateError * z));
    all += weight;
    mean += weight * fresh;
    square += weight * fresh * fresh;
  }
  return { mean: mean / all, error: Math.sqrt(square / all - (mean / all) ** 2) };
}

it.each([
  [0.1, 0.3],
  [1, 0.3],
  [1, 1.5],
  [5, 1.5],
  [20, 1.5],
])(
  'with %d changes between refreshes, known but for a factor of e^%d, seven points give mean and error',
  (x, error) => {
    const [given, exact] = [freshnessAround(x, error), integrated(x, error)];
    expect(Math.abs(given.mean - exact.mean)).toBeLessThan(0.003);
    expect(Math.abs(given.error - exact.error)).toBeLessThan(0.01);
  },
);

it('what is never refreshed is not fresh, and what is certain has no error', () => {
  expect(freshnessAround(Infinity, 1)).toEqual({ mean: 0, error: 0 });
  expect(freshnessAround(2, 0)).toEqual({ mean: freshnessAt(2), error: 0 });
});
