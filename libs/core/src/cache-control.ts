import { fieldValue, type Fields } from './fields.js';
import { membersOf, nameAndValue, unquoted } from './list-members.js';

/** What a Cache-Control field says, in a request or in a response. */
export interface Directives {
  readonly noStore: boolean;
  /** Without field names: it holds for the whole answer. */
  readonly noCache: boolean;
  /** Of `no-cache="a, b"`: lower case. */
  readonly noCacheFields: readonly string[];
  readonly isPrivate: boolean;
  readonly privateFields: readonly string[];
  readonly isPublic: boolean;
  readonly mustRevalidate: boolean;
  readonly proxyRevalidate: boolean;
  readonly mustUnderstand: boolean;
  readonly noTransform: boolean;
  readonly immutable: boolean;
  readonly onlyIfCached: boolean;
  readonly maxAgeMs: number | undefined;
  readonly sMaxAgeMs: number | undefined;
  readonly staleWhileRevalidateMs: number | undefined;
  readonly staleIfErrorMs: number | undefined;
  readonly minFreshMs: number | undefined;
  /** Infinity where `max-stale` has no value: "a stale response of any age" (RFC 9111 5.2.1.2). */
  readonly maxStaleMs: number | undefined;
  /** Said to caches of our kind alone: what the answer says to all of them does not count (RFC 9213 2.2). */
  readonly isTargeted: boolean;
}

/** Directives of a message without any. One object, so that the hot path can know it by identity. */
export const NO_DIRECTIVES: Directives = Object.freeze({
  noStore: false,
  noCache: false,
  noCacheFields: [],
  isPrivate: false,
  privateFields: [],
  isPublic: false,
  mustRevalidate: false,
  proxyRevalidate: false,
  mustUnderstand: false,
  noTransform: false,
  immutable: false,
  onlyIfCached: false,
  maxAgeMs: undefined,
  sMaxAgeMs: undefined,
  staleWhileRevalidateMs: undefined,
  staleIfErrorMs: undefined,
  minFreshMs: undefined,
  maxStaleMs: undefined,
  isTargeted: false,
});

type Draft = { -readonly [K in keyof Directives]: Directives[K] };
type Reader = (draft: Draft, argument: string | undefined) => void;

/** RFC 9111 5.2: names are case-insensitive, arguments may be tokens or quoted strings, unknown directives are ignored. */
const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['no-store', (draft) => void (draft.noStore = true)],
  ['no-cache', (draft, argument) => limit(draft, argument, 'noCache', 'noCacheFields')],
  ['private', (draft, argument) => limit(draft, argument, 'isPrivate', 'privateFields')],
  ['public', (draft) => void (draft.isPublic = true)],
  ['must-revalidate', (draft) => void (draft.mustRevalidate = true)],
  ['proxy-revalidate', (draft) => void (draft.proxyRevalidate = true)],
  ['must-understand', (draft) => void (draft.mustUnderstand = true)],
  ['no-transform', (draft) => void (draft.noTransform = true)],
  ['immutable', (draft) => void (draft.immutable = true)],
  ['only-if-cached', (draft) => void (draft.onlyIfCached = true)],
  ['max-age', (draft, argument) => void (draft.maxAgeMs = smaller(draft.maxAgeMs, argument))],
  ['s-maxage', (draft, argument) => void (draft.sMaxAgeMs = smaller(draft.sMaxAgeMs, argument))],
  [
    'stale-while-revalidate',
    (draft, argument) => void (draft.staleWhileRevalidateMs = smaller(draft.staleWhileRevalidateMs, argument)),
  ],
  ['stale-if-error', (draft, argument) => void (draft.staleIfErrorMs = smaller(draft.staleIfErrorMs, argument))],
  ['min-fresh', (draft, argument) => void (draft.minFreshMs = Math.max(draft.minFreshMs ?? 0, deltaMs(argument) ?? 0))],
  [
    'max-stale',
    (draft, argument) => void (draft.maxStaleMs = Math.min(draft.maxStaleMs ?? Infinity, maxStaleMs(argument))),
  ],
]);

/**
 * RFC 9111 4.2.1: "If directives conflict (e.g., both max-age and no-cache are present), the most restrictive directive should be
 * honored"; of one that is given twice with different values, the smaller freshness counts.
 */
export function parseCacheControl(value: string | undefined): Directives {
  if (value === undefined) return NO_DIRECTIVES;
  if (value.length > LONGEST_REMEMBERED) return parseOnce(value);
  const known = parsed.get(value);
  if (known !== undefined) return known;
  if (parsed.size >= MOST_PARSED) parsed.clear();
  const directives = Object.freeze(parseOnce(value));
  parsed.set(value, directives);
  return directives;
}

/** An API says the same few values in all its answers. */
const MOST_PARSED = 256;
const LONGEST_REMEMBERED = 256;
const parsed = new Map<string, Directives>();

function parseOnce(value: string): Directives {
  return directivesFrom(
    membersOf(value).map((member) => nameAndValue(member)),
    false,
  );
}

export interface Said {
  /** Lower case. */
  readonly name: string;
  /** A token, or a string in its quotes. */
  readonly value: string | undefined;
}

export function directivesFrom(said: readonly Said[], isTargeted: boolean): Directives {
  const draft: Draft = { ...NO_DIRECTIVES, isTargeted };
  for (const { name, value } of said) READERS.get(name)?.(draft, value);
  return draft;
}

/** Pragma counts only where Cache-Control is absent (RFC 9111 5.4). */
export function requestDirectivesOf(fields: Fields): Directives {
  const cacheControl = fieldValue(fields, 'cache-control');
  if (cacheControl !== undefined) return parseCacheControl(cacheControl);
  const pragma = fieldValue(fields, 'pragma');
  if (pragma === undefined) return NO_DIRECTIVES;
  return membersOf(pragma.toLowerCase()).includes('no-cache') ? { ...NO_DIRECTIVES, noCache: true } : NO_DIRECTIVES;
}

/** With names it holds for these fields only (RFC 9111 5.2.2.4, 5.2.2.7); a list that cannot be read means all of them. */
function limit(
  draft: Draft,
  argument: string | undefined,
  whole: 'noCache' | 'isPrivate',
  fields: 'noCacheFields' | 'privateFields',
): void {
  const names = argument === undefined ? [] : fieldNames(argument);
  if (names.length === 0) draft[whole] = true;
  else draft[fields] = [...draft[fields], ...names];
}

const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

function fieldNames(argument: string): string[] {
  const names = membersOf((unquoted(argument) ?? argument).toLowerCase());
  return names.every((name) => FIELD_NAME.test(name)) ? names : [];
}

/** RFC 9111 4.2.1: "Caches are encouraged to consider responses that have invalid freshness information (...) to be stale." */
function smaller(known: number | undefined, argument: string | undefined): number {
  return Math.min(known ?? Infinity, deltaMs(argument) ?? 0);
}

/** A limit that cannot be read permits nothing. */
function maxStaleMs(argument: string | undefined): number {
  return argument === undefined ? Infinity : (deltaMs(argument) ?? 0);
}

/** RFC 9111 1.2.2: a value that is greater than can be represented counts as 2147483648. */
const MAX_DELTA_S = 2 ** 31;

/** Milliseconds of delta-seconds, as a token or quoted; undefined when it is not a non-negative integer. */
function deltaMs(argument: string | undefined): number | undefined {
  if (argument === undefined) return undefined;
  const digits = unquoted(argument) ?? argument;
  return /^\d+$/.test(digits) ? Math.min(Number(digits), MAX_DELTA_S) * 1000 : undefined;
}
