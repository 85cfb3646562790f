import { isStrongMatch } from './entity-tag.js';
import { fieldValue, type Field, type Fields } from './fields.js';
import { parseHttpDate } from './http-date.js';
import { membersOf } from './list-members.js';

/** Octets of a body, both ends included, as they are written (RFC 9110 14.1.2). */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** What a request's Range comes to: `whole` where it is to be ignored. */
export type RangeVerdict =
  | { readonly kind: 'whole' }
  | { readonly kind: 'parts'; readonly parts: readonly ByteRange[] }
  | { readonly kind: 'unsatisfiable' };

/** The answer that would be given without Range. */
export interface Ranged {
  readonly status: number;
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
  readonly fields: Fields;
  readonly bodyBytes: number;
}

const WHOLE: RangeVerdict = Object.freeze({ kind: 'whole' });
const UNSATISFIABLE: RangeVerdict = Object.freeze({ kind: 'unsatisfiable' });
/** RFC 9110 17.15: "A server that supports range requests ought to ignore, coalesce, or reject egregious range requests". */
const MOST_RANGES = 16;

/** Of a GET whose other conditions have been judged (RFC 9110 13.2.2). */
export function rangesOf(requestFields: Fields, answer: Ranged): RangeVerdict {
  const value = fieldValue(requestFields, 'range');
  // RFC 9110 14.2: evaluated only "if the result in absence of the Range header field would be a 200 (OK) response".
  if (value === undefined || answer.status !== 200) return WHOLE;
  if (!isWanted(fieldValue(requestFields, 'if-range'), answer)) return WHOLE;
  const specs = specsOf(value);
  return specs === undefined ? WHOLE : selected(specs, answer.bodyBytes);
}

export function hasRange(requestFields: Fields): boolean {
  return fieldValue(requestFields, 'range') !== undefined;
}

/** RFC 9110 13.1.5: a Range counts only while the condition of If-Range is true. */
function isWanted(ifRange: string | undefined, answer: Ranged): boolean {
  if (ifRange === undefined) return true;
  const condition = ifRange.trim();
  // "A client MUST NOT generate an If-Range header field containing an entity tag that is marked as weak."
  if (/^(?:W\/)?"/.test(condition)) return answer.etag !== undefined && isStrongMatch(condition, answer.etag);
  const askedMs = parseHttpDate(condition);
  // "If the HTTP-date validator provided is not a strong validator in the sense defined by (...), the condition is false."
  return askedMs !== undefined && isStrongDate(answer) && askedMs === parseHttpDate(answer.lastModified);
}

/** RFC 9110 8.8.2.2: strong where the answer's Date "is at least one second after the Last-Modified value". */
function isStrongDate({ lastModified, fields }: Ranged): boolean {
  const modifiedMs = parseHttpDate(lastModified);
  const dateMs = parseHttpDate(fieldValue(fields, 'date'));
  return modifiedMs !== undefined && dateMs !== undefined && dateMs - modifiedMs >= 1_000;
}

/** One as it was asked: `-n` means the last n octets. */
type Spec =
  | { readonly kind: 'from'; readonly first: number; readonly last: number }
  | { readonly kind: 'suffix'; readonly length: number };

/**
 * RFC 9110 14.2: a range unit that is not understood is ignored, and one "that contains an invalid ranges-specifier" may be. Units are
 * case-insensitive (14.1).
 */
function specsOf(value: string): readonly Spec[] | undefined {
  const set = /^bytes=(.*)$/i.exec(value.trim())?.[1];
  if (set === undefined) return undefined;
  const specs = membersOf(set).map(specOf);
  if (specs.length === 0 || specs.length > MOST_RANGES) return undefined;
  return specs.every((spec) => spec !== undefined) ? specs : undefined;
}

function specOf(member: string): Spec | undefined {
  const [, first, last] = /^(\d*)-(\d*)$/.exec(member) ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  if (first === '') return { kind: 'suffix', length: Number(last) };
  // 14.1.1: "An int-range is invalid if the last-pos value is present and less than the first-pos."
  if (last !== '' && Number(last) < Number(first)) return undefined;
  return { kind: 'from', first: Number(first), last: last === '' ? Infinity : Number(last) };
}

function selected(specs: readonly Spec[], bytes: number): RangeVerdict {
  const satisfiable = specs.flatMap((spec) => rangeOf(spec, bytes) ?? []);
  if (satisfiable.length > 0) return coalesced(satisfiable);
  // 14.1.2: a suffix of nothing is satisfiable, and has no octet to name: the whole is the same.
  const isOfNothing = bytes === 0 && specs.some((spec) => spec.kind === 'suffix' && spec.length > 0);
  return isOfNothing ? WHOLE : UNSATISFIABLE;
}

/** Undefined where no octet of the body lies in it. */
function rangeOf(spec: Spec, bytes: number): ByteRange | undefined {
  const first = spec.kind === 'suffix' ? Math.max(0, bytes - spec.length) : spec.first;
  // 14.1.2: "the byte range is interpreted as the remainder of the representation" where last-pos is absent or beyond its end.
  const last = Math.min(bytes - 1, spec.kind === 'suffix' ? bytes - 1 : spec.last);
  return first <= last && !(spec.kind === 'suffix' && spec.length === 0) ? { first, last } : undefined;
}

/**
 * RFC 9110 15.3.7.2: "a server MAY coalesce any of the ranges that overlap"; 14.2: "more than two overlapping ranges" may be ignored,
 * since they cost the server more than the whole does.
 */
function coalesced(ranges: readonly ByteRange[]): RangeVerdict {
  const parts: ByteRange[] = [];
  let overlaps = 0;
  for (const range of ranges) {
    const met = parts.filter((part) => part.first <= range.last && range.first <= part.last);
    overlaps += met.length;
    if (overlaps > 1) return WHOLE;
    const [other] = met;
    if (other === undefined) parts.push(range);
    else parts[parts.indexOf(other)] = joined(other, range);
  }
  return { kind: 'parts', parts };
}

function joined(a: ByteRange, b: ByteRange): ByteRange {
  return { first: Math.min(a.first, b.first), last: Math.max(a.last, b.last) };
}

/** RFC 9110 14.4. */
export function contentRange({ first, last }: ByteRange, bytes: number): string {
  return `bytes ${first}-${last}/${bytes}`;
}

/** RFC 9110 15.5.17: "the current length of the selected representation" beside a 416. */
export function unsatisfiedRange(bytes: number): string {
  return `bytes */${bytes}`;
}

/** The fields that say what a 206 holds, and its body. */
export interface Partial206 {
  readonly fields: Fields;
  readonly body: Uint8Array;
}

/** `boundary` must not occur in the body. */
export function partialOf(
  parts: readonly ByteRange[],
  body: Uint8Array,
  { contentType, boundary }: { readonly contentType: string | undefined; readonly boundary: string },
): Partial206 {
  const [only] = parts;
  const type: Fields = contentType === undefined ? [] : [['Content-Type', contentType]];
  if (parts.length === 1 && only !== undefined) {
    const range: Field = ['Content-Range', contentRange(only, body.byteLength)];
    return { fields: [...type, range], body: body.subarray(only.first, only.last + 1) };
  }
  // 15.3.7.2: "a server MUST NOT generate a Content-Range header field in the HTTP header section of a multiple part response".
  return {
    fields: [['Content-Type', `multipart/byteranges; boundary=${boundary}`]],
    body: multipart(parts, body, { type, boundary }),
  };
}

function multipart(
  parts: readonly ByteRange[],
  body: Uint8Array,
  { type, boundary }: { readonly type: Fields; readonly boundary: string },
): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (const part of parts) {
    const head = [...type, ['Content-Range', contentRange(part, body.byteLength)] as const];
    const lines = head.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    pieces.push(Buffer.from(`\r\n--${boundary}\r\n${lines}\r\n`, 'latin1'), body.subarray(part.first, part.last + 1));
  }
  pieces.push(Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1'));
  return Buffer.concat(pieces);
}
