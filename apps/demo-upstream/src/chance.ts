/** Chance that repeats: everything random here follows from the seed. */

function mix(hash: number, word: number): number {
  let h = Math.imul(hash ^ word, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** A number in (0, 1) that depends on nothing but the words: random access, no state. */
export function draw(seed: number, ...words: number[]): number {
  let hash = mix(0x2545f491, seed);
  for (const word of words) hash = mix(hash, word);
  return ((hash >>> 0) + 0.5) / 2 ** 32;
}

/** The inverse of the normal distribution is not needed: two uniform draws make one (Box and Muller). */
export function normal(first: number, second: number): number {
  return Math.sqrt(-2 * Math.log(first)) * Math.cos(2 * Math.PI * second);
}

export function logNormal(median: number, sigma: number, gauss: number): number {
  return median * Math.exp(sigma * gauss);
}

/** A sequence of draws, for what happens call after call. */
export function sequence(seed: number, stream: number): () => number {
  let count = 0;
  return () => draw(seed, stream, (count = (count + 1) | 0));
}

export function hashOfText(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = mix(hash, text.charCodeAt(i));
  return hash;
}
