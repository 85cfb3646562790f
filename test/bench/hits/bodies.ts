import { SIZES } from './options.js';

export const KEYS = 6_000;

/** `/<bytes>/<n>`: the same at every server. */
export function pathOf(bytes: number, n: number): string {
  return `/${bytes}/${n}`;
}

/** JSON of exactly this size, different for each. */
export function bodyOf(bytes: number, n: number): Buffer {
  const head = `{"id":${n},"text":"`;
  return Buffer.from(`${head}${'x'.repeat(bytes - head.length - 2)}"}`);
}

export function readyBodies(): Map<string, Buffer> {
  const bodies = new Map<string, Buffer>();
  for (const bytes of SIZES) for (let n = 1; n <= KEYS; n += 1) bodies.set(pathOf(bytes, n), bodyOf(bytes, n));
  return bodies;
}

export const CONTENT_TYPE = 'application/json; charset=utf-8';
