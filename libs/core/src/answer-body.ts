import { codingOf } from './content-coding.js';
import type { Fields } from './fields.js';

/** What is longer is no error message; nor is it parsed for what it may say about limits. */
const MOST_BYTES = 64 * 1024;

/** Undoes a content coding; undefined where that cannot be done, or would be more than so many bytes. */
export type Decode = (coding: string, body: Uint8Array, mostBytes: number) => Uint8Array | undefined;

export interface AnswerBodyOf {
  readonly fields: Fields;
  readonly body?: Uint8Array;
  /** Absent: a body in a coding is not looked at. */
  readonly decode?: Decode;
}

/**
 * The body of an answer as far as a dialect asks for it: parsed once, when it is first asked for, and only where the last key of a path
 * stands in it at all. Most answers are never parsed.
 */
export class AnswerBody {
  readonly #answer: AnswerBodyOf;
  #read: Buffer | undefined;
  #parsed: { readonly value: unknown } | undefined;

  constructor(answer: AnswerBodyOf) {
    this.#answer = answer;
  }

  /** The texts, numbers and flags at a path; of an empty path the whole body as text. */
  at(path: string): string[] {
    const bytes = this.#bytes();
    if (bytes.byteLength === 0 || bytes.byteLength > MOST_BYTES) return [];
    if (path === '') return [bytes.toString('utf8')];
    const keys = path.split('.');
    const last = keys.findLast((key) => key !== '*');
    if (last !== undefined && !bytes.includes(`"${last}"`)) return [];
    return keys.reduce(inward, [this.#json()]).flatMap(textOf);
  }

  number(path: string): number | undefined {
    const [text] = this.at(path);
    const value = text === undefined || text === '' ? NaN : Number(text);
    return Number.isFinite(value) ? value : undefined;
  }

  #json(): unknown {
    this.#parsed ??= { value: parsedOf(this.#bytes()) };
    return this.#parsed.value;
  }

  #bytes(): Buffer {
    this.#read ??= readableOf(this.#answer);
    return this.#read;
  }
}

function readableOf({ fields, body, decode }: AnswerBodyOf): Buffer {
  const coding = codingOf(fields);
  const bytes = body === undefined || coding === undefined ? body : decode?.(coding, body, MOST_BYTES);
  return bytes === undefined ? Buffer.alloc(0) : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function parsedOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    // HTML or plain text, from something that stands in front of the API: it has no paths.
    return undefined;
  }
}

function inward(values: unknown[], key: string): unknown[] {
  return values.flatMap((value) => {
    if (typeof value !== 'object' || value === null) return [];
    if (key === '*') return Object.values(value);
    return Object.hasOwn(value, key) ? [(value as Record<string, unknown>)[key]] : [];
  });
}

function textOf(value: unknown): string[] {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? [String(value)] : [];
}
