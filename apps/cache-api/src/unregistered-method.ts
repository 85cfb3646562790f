import { METHODS } from 'node:http';

export interface Renamed {
  /** As it came. */
  readonly method: string;
  /** The same request in a method that the parser knows. */
  readonly bytes: Buffer;
}

const KNOWN: ReadonlySet<string> = new Set(METHODS);
const LONGEST_METHOD = 64;
/** RFC 9110 9.1: a method is a token, and case-sensitive. */
const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) \S+ HTTP\/1\.[01]\r\n/;
/** Framed by its fields alone, as a method must be of which nothing is known (RFC 9112 6.3). */
const STANDS_IN = 'POST';
const SPACE = 0x20;

/**
 * Node's parser ends the connection at a method that is not in its list; a proxy passes on what it does not know. Undefined where the
 * bytes, which begin a message, need no such help.
 */
export function renamed(bytes: Buffer): Renamed | undefined {
  const end = bytes.subarray(0, LONGEST_METHOD + 1).indexOf(SPACE);
  if (end <= 0 || KNOWN.has(bytes.toString('latin1', 0, end))) return undefined;
  const [, method] = REQUEST_LINE.exec(bytes.toString('latin1', 0, LONGEST_LINE)) ?? [];
  if (method === undefined) return undefined;
  return { method, bytes: Buffer.concat([Buffer.from(STANDS_IN, 'latin1'), bytes.subarray(end)]) };
}

const LONGEST_LINE = 16 * 1024;
