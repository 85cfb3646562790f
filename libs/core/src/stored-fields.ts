import type { Directives } from './cache-control.js';
import { withVaryOnCoding } from './content-coding.js';
import { fieldValue, isHopByHop, isNamed, withoutFields, withoutHopByHop, type Field, type Fields } from './fields.js';
import { membersOf } from './list-members.js';
import { formatHttpDate, parseHttpDate } from './http-date.js';

export interface StoredUnder {
  readonly directives: Directives;
  readonly isShared: boolean;
  readonly receivedAt: number;
}

/** What a stored answer keeps of the header section that it came with (RFC 9111 3.1). */
export function storedFieldsOf(responseFields: Fields, under: StoredUnder): Fields {
  const left = namesNotStored(responseFields, under);
  const kept = responseFields.filter(([name]) => isKept(name) && left?.has(name.toLowerCase()) !== true);
  return withDate(withVaryOnCoding(kept), under.receivedAt);
}

/**
 * What the one whose call brought an answer is told and nobody else: a cookie, what was said about limits, a field that may not be stored.
 * Empty where the entry has all that came.
 */
export function toldOnce(responseFields: Fields, stored: Fields): Fields {
  const names = new Set(stored.map(([name]) => name.toLowerCase()));
  const isOnce = ([name]: Field): boolean => {
    const lowercase = name.toLowerCase();
    return !names.has(lowercase) && !NOT_UPDATED.has(lowercase) && lowercase !== 'age';
  };
  return withoutHopByHop(responseFields).filter(isOnce);
}

/** Those that this answer itself names; undefined where it names none, as most do. */
function namesNotStored(fields: Fields, { directives, isShared }: StoredUnder): ReadonlySet<string> | undefined {
  const connection = fieldValue(fields, 'connection');
  // 5.2.2.7: with field names "private" forbids a shared cache to store the fields that it lists.
  const forbidden = isShared ? directives.privateFields : [];
  if (connection === undefined && forbidden.length + directives.noCacheFields.length === 0)
    return isShared ? COOKIES : undefined;
  const named = connection === undefined ? [] : membersOf(connection.toLowerCase());
  return new Set([...named, ...directives.noCacheFields, ...forbidden, ...(isShared ? COOKIES : [])]);
}

/** A cookie is never replayed to another user, even where the answer may be shared. */
const COOKIES: ReadonlySet<string> = new Set(['set-cookie', 'set-cookie2']);

/** By name as it was sent: an API's answers bear the same few. */
const kept = new Map<string, boolean>();
const MOST_NAMES = 1_000;

function isKept(name: string): boolean {
  let is = kept.get(name);
  if (is !== undefined) return is;
  // The Age that we send is our own (RFC 9111 5.1); the one that came is in the entry's initial age.
  is = !isNamed(name, 'age') && !isHopByHop(name) && !isRateLimit(name);
  if (kept.size >= MOST_NAMES) kept.clear();
  kept.set(name, is);
  return is;
}

/** What a vendor said about its limits was true once, for that one call; replayed it would mislead every reader. */
function isRateLimit(name: string): boolean {
  return /rate-?limit|^(?:x-)?retry-after/i.test(name);
}

/** RFC 9110 6.6.1: of a response without Date a cache MUST record the time it was received, as its Date. */
function withDate(fields: Fields, receivedAt: number): Fields {
  if (parseHttpDate(fieldValue(fields, 'date')) !== undefined) return fields;
  return [...withoutFields(fields, new Set(['date'])), ['Date', formatHttpDate(receivedAt)]];
}

/** One Content-Length, of the bytes that are kept, where the answer had any. */
export function withContentLength(fields: Fields, bodyBytes: number): Fields {
  const first = fields.findIndex((field) => isNamed(field[0], 'content-length'));
  if (first === -1) return fields;
  return fields.flatMap((field, at): Field[] => {
    if (!isNamed(field[0], 'content-length')) return [field];
    return at === first ? [[field[0], String(bodyBytes)]] : [];
  });
}

/** RFC 9111 3.2: the fields on which the kept body depends, and Content-Length, are not taken over from a 304. */
const NOT_UPDATED: ReadonlySet<string> = new Set(['content-length', 'content-encoding', 'content-range']);

/**
 * RFC 9111 3.2: "the cache MUST add each header field in the provided response to the stored response, replacing field values that
 * are already present". A field keeps its place; all its lines are replaced together.
 */
export function updatedFields(stored: Fields, provided: Fields): Fields {
  const news = withoutFields(provided, NOT_UPDATED);
  const renewed = new Set(news.map((field) => field[0].toLowerCase()));
  const placed = new Set<string>();
  const updated = stored.flatMap((field): Fields => {
    const name = field[0].toLowerCase();
    if (!renewed.has(name)) return [field];
    if (placed.has(name)) return [];
    placed.add(name);
    return news.filter((line) => isNamed(line[0], name));
  });
  return [...updated, ...news.filter((field) => !placed.has(field[0].toLowerCase()))];
}
