import { fieldValue, type Fields } from './fields.js';

/** What is longer is no error message; nor is it parsed for what it may say about limits. */
const MOST_BYTES = 64 * 1024;

/**
 * The body of an answer as far as a dialect asks for it: parsed once, when it is first asked for, and only where the last key of a path
 * stands in it at all. Most answers are never parsed.
 */
export class AnswerBody {
  readonly #bytes: Buffer;
  #parsed: { readonly value: unknown } | undefined;

  constructor(fields: Fields, body: Uint8Array | undefined) {
    this.#bytes =
      body === undefined || isCoded(fields)
        ? Buffer.alloc(0)
        : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  }

  /** The texts, numbers and flags at a path; of an empty path the whole body as text. */
  at(path: string): string[] {
    if (this.#bytes.byteLength === 0 || this.#bytes.byteLength > MOST_BYTES) return [];
    if (path === '') return [this.#bytes.toString('utf8')];
    const keys = path.split('.');
    const last = keys.findLast((key) => key !== '*');
    if (last !== undefined && !this.#bytes.includes(`"${last}"`)) return [];
    return keys.reduce(inward, [this.#json()]).flatMap(textOf);
  }

  number(path: string): number | undefined {
    const [text] = this.at(path);
    const value = text === undefined || text === '' ? NaN : Number(text);
    return Number.isFinite(value) ? value : undefined;
  }

  #json(): unknown {
    this.#parsed ??= { value: parsedOf(this.#bytes) };
    return this.#parsed.value;
  }
}

/** A body in a coding is not decoded for this. */
function isCoded(fields: Fields): boolean {
  const coding = fieldValue(fields, 'content-encoding')?.trim().toLowerCase();
  return coding !== undefined && coding !== 'identity';
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
