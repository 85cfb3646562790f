import type { Entry } from './entry.js';
import { fieldValue, isNamed, withoutFields, type Field, type Fields } from './fields.js';
import { membersOf } from './list-members.js';

/** In which content coding an answer is (RFC 9110 8.4), in lower case; undefined: in none. Several stand in their order. */
export function codingOf(fields: Fields): string | undefined {
  const value = fieldValue(fields, 'content-encoding');
  if (value === undefined) return undefined;
  const codings = membersOf(value.toLowerCase()).filter((coding) => coding !== 'identity');
  return codings.length === 0 ? undefined : codings.map(named).join();
}

/** RFC 9110 8.4.1.3: "A recipient SHOULD consider "x-gzip" to be equivalent to "gzip"." */
function named(coding: string): string {
  return coding === 'x-gzip' ? 'gzip' : coding;
}

/**
 * Whether whoever sent this Accept-Encoding takes that coding. RFC 9110 12.5.3 would have every coding acceptable to who says nothing;
 * but those are the clients that know of none.
 */
export function takesCoding(acceptEncoding: string | undefined, coding: string): boolean {
  if (acceptEncoding === undefined) return false;
  const weights = weightsOf(acceptEncoding);
  // "The asterisk "*" symbol (...) matches any available content coding not explicitly listed in the field."
  return coding.split(',').every((one) => (weights.get(one) ?? weights.get('*') ?? 0) > 0);
}

const MOST_PARSED = 256;
const LONGEST_REMEMBERED = 256;
const parsed = new Map<string, ReadonlyMap<string, number>>();

/** Clients send the same few values. */
function weightsOf(acceptEncoding: string): ReadonlyMap<string, number> {
  const known = parsed.get(acceptEncoding);
  if (known !== undefined) return known;
  const weights = new Map(membersOf(acceptEncoding.toLowerCase()).map(weighted));
  if (parsed.size >= MOST_PARSED) parsed.clear();
  if (acceptEncoding.length <= LONGEST_REMEMBERED) parsed.set(acceptEncoding, weights);
  return weights;
}

/** RFC 9110 12.4.2: "a value of 0 means "not acceptable". If no "q" parameter is present, the default weight is 1." */
function weighted(member: string): [coding: string, weight: number] {
  const [coding = '', ...parameters] = membersOf(member, ';');
  const weight = parameters
    .map((one) => /^q=([01](?:\.\d{0,3})?)$/.exec(one)?.[1])
    .find((found) => found !== undefined);
  return [named(coding), Number(weight ?? 1)];
}

/** What describes the bytes in their coding, and would be wrong of any others (RFC 9110 8; RFC 9530 2, 3). */
const OF_CODED_BYTES: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-length',
  'content-md5',
  'content-digest',
  'repr-digest',
  'digest',
]);

const TAG_OF_IDENTITY = ';penstock-identity"';

/** The fields of an answer whose coding was undone. */
export function fieldsInIdentity(fields: Fields, bytes: number): Fields {
  const kept = withoutFields(fields, OF_CODED_BYTES).map((field): Field => {
    return isNamed(field[0], 'etag') ? [field[0], tagInIdentity(field[1])] : field;
  });
  return [...kept, ['Content-Length', String(bytes)]];
}

/**
 * RFC 9110 8.8.3.3: codings of one resource have different strong tags. Not weakened, since nothing could be changed with If-Match any
 * more; a weak one says no more than is still true.
 */
function tagInIdentity(etag: string): string {
  return /^".*"$/.test(etag) ? etag.slice(0, -1) + TAG_OF_IDENTITY : etag;
}

const CONDITIONS_ON_TAGS: ReadonlySet<string> = new Set(['if-match', 'if-none-match', 'if-range']);

/** The upstream gave out the tag that ours was made of, and knows no other. */
export function withUpstreamTags(fields: Fields): Fields {
  return fields.map((field): Field => {
    const [name, value] = field;
    if (!value.includes(TAG_OF_IDENTITY) || !CONDITIONS_ON_TAGS.has(name.toLowerCase())) return field;
    return [name, value.replaceAll(TAG_OF_IDENTITY, '"')];
  });
}

/** An entry whose coding was undone: everything else about it stays. */
export function entryInIdentity(entry: Entry, bodyBytes: number): Entry {
  const fields = fieldsInIdentity(entry.fields, bodyBytes);
  return { ...entry, fields, bodyBytes, etag: fieldValue(fields, 'etag') };
}

/** RFC 9110 12.5.5: who gets an answer in a coding, or made from one, is told that others might get it otherwise. */
export function withVaryOnCoding(fields: Fields): Fields {
  if (codingOf(fields) === undefined) return fields;
  const names = membersOf((fieldValue(fields, 'vary') ?? '').toLowerCase());
  return names.includes('*') || names.includes('accept-encoding') ? fields : [...fields, ['Vary', 'Accept-Encoding']];
}
