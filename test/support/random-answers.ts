import { brotliCompressSync, gzipSync } from 'node:zlib';

/** What an upstream says, byte for byte, and how it frames it. */
export interface RandomAnswer {
  readonly status: number;
  /** In this order, with these repetitions and this case. */
  readonly fields: readonly (readonly [string, string])[];
  readonly body: Buffer;
  readonly coding: 'gzip' | 'br' | undefined;
  readonly framing: 'length' | 'chunked';
}

type Chance = () => number;

/** mulberry32: the same numbers for the same seed. */
function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function upTo(chance: Chance, most: number): number {
  return Math.floor(chance() * (most + 1));
}

function pick<T>(chance: Chance, ...options: readonly [T, ...T[]]): T {
  return options[upTo(chance, options.length - 1)] ?? options[0];
}

const STATUSES = [200, 200, 200, 200, 200, 200, 203, 204, 301, 404, 410] as const;

/** The n-th answer of a seed; `mostBytes` is what may be stored, some are larger. */
export function randomAnswer(seed: number, n: number, mostBytes: number): RandomAnswer {
  const chance = chanceOf(seed * 1_000_003 + n);
  const status = pick(chance, ...STATUSES);
  const coding = pick(chance, undefined, undefined, 'gzip' as const, 'br' as const);
  const plain = status === 204 ? Buffer.alloc(0) : randomBody(chance, mostBytes);
  const body = coding === undefined || status === 204 ? plain : coded(coding, plain);
  return {
    ...{ status, body, coding: status === 204 ? undefined : coding },
    fields: randomFields(chance),
    framing: pick(chance, 'length', 'chunked'),
  };
}

function coded(coding: 'gzip' | 'br', body: Buffer): Buffer {
  return coding === 'gzip' ? gzipSync(body, { level: 1 }) : brotliCompressSync(body, { params: { 1: 1 } });
}

/** Mostly small, sometimes nothing, now and then beyond what may be stored. */
function randomBody(chance: Chance, mostBytes: number): Buffer {
  const bound = pick(chance, 0, 1, 40, 40, 300, 300, 2_000, 2_000, 5_000, chance() < 0.2 ? mostBytes * 1.5 : 20_000);
  const body = Buffer.allocUnsafe(upTo(chance, Math.floor(bound)));
  // Text compresses, noise does not; both hold every octet.
  const isText = chance() < 0.5;
  for (let at = 0; at < body.length; at++) body[at] = isText ? 97 + (at % 7) : upTo(chance, 255);
  return body;
}

const NAME_CHARACTERS = "abcXYZ019!#$%&'*+.^_`|~-";
const INNER = [...Array(0x5f).keys()].map((at) => String.fromCharCode(0x20 + at)).join('') + '\t\u00e4\u00ff\u0080';
const OUTER = INNER.replace(/[ \t]/g, '');

/** Names of tokens, some of them several times and in another case; values of all that may stand in one (RFC 9110 5.5). */
function randomFields(chance: Chance): readonly (readonly [string, string])[] {
  const names = Array.from(
    { length: upTo(chance, 5) },
    () => `X-${textOf(chance, NAME_CHARACTERS, 1 + upTo(chance, 9))}`,
  );
  return Array.from({ length: names.length === 0 ? 0 : upTo(chance, 9) }, () => {
    const name = names[upTo(chance, names.length - 1)] ?? 'X-a';
    return [pick(chance, name, name.toLowerCase(), name.toUpperCase()), valueOf(chance)] as const;
  });
}

function valueOf(chance: Chance): string {
  const length = upTo(chance, 30);
  if (length < 2) return textOf(chance, OUTER, length);
  return textOf(chance, OUTER, 1) + textOf(chance, INNER, length - 2) + textOf(chance, OUTER, 1);
}

function textOf(chance: Chance, characters: string, length: number): string {
  return Array.from({ length }, () => characters[upTo(chance, characters.length - 1)] ?? '').join('');
}
