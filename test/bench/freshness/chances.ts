import { sequence } from '../story/chance.js';

/** A stream of chance of its own for each (seed, purpose, member). */
export function stream(seed: number, purpose: string, member = 0): () => number {
  let mixed = Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(member + 1, 0x85ebca6b);
  for (const letter of purpose) mixed = Math.imul(mixed ^ (letter.codePointAt(0) ?? 0), 0x01000193);
  const next = sequence(mixed ^ (mixed >>> 15));
  next(); // neighbours in the seed begin alike
  return next;
}

/** Box and Muller. */
export function normal(next: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}

/** Draws members as often as their weights say, in constant time (Walker's alias method as Vose builds it). */
export function drawer(weights: Float64Array): (next: () => number) => number {
  const count = weights.length;
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const share = Float64Array.from(weights, (weight) => (weight * count) / sum);
  const other = Int32Array.from(weights, (_, i) => i);
  const small: number[] = [];
  const large: number[] = [];
  share.forEach((value, i) => (value < 1 ? small : large).push(i));
  while (small.length > 0 && large.length > 0) {
    const [low, high] = [small.pop() ?? 0, large.at(-1) ?? 0];
    other[low] = high;
    const left = (share[high] ?? 0) + (share[low] ?? 0) - 1;
    share[high] = left;
    if (left < 1) small.push(large.pop() ?? 0);
  }
  for (const i of [...small, ...large]) share[i] = 1;
  return (next) => {
    const i = Math.floor(next() * count);
    return next() < (share[i] ?? 1) ? i : (other[i] ?? i);
  };
}
