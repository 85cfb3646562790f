import { listsTag } from './entity-tag.js';
import { fieldValue, isNamed, withoutFields, type Field, type Fields } from './fields.js';
import { parseHttpDate } from './http-date.js';

/** What a request's conditions are held against: an entry, or an answer on its way. */
export interface Conditioned {
  readonly status: number;
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
  readonly fields?: Fields;
  readonly receivedAt?: number;
}

export type PreconditionVerdict = 'not-modified' | 'proceed';

/** For GET and HEAD (RFC 9110 13.1.2, 13.1.3; RFC 9111 4.3.2). If-Match and its kin are for the origin server to judge. */
export function evaluatePreconditions(requestFields: Fields, answer: Conditioned): PreconditionVerdict {
  // RFC 9110 13.2.1: conditions are ignored when the response without them would not be a success.
  if (answer.status !== 200) return 'proceed';
  const conditional = requestFields.some(
    ([name]) => isNamed(name, 'if-none-match') || isNamed(name, 'if-modified-since'),
  );
  return conditional && isUnmodified(requestFields, answer) ? 'not-modified' : 'proceed';
}

function isUnmodified(requestFields: Fields, answer: Conditioned): boolean {
  const noneMatch = fieldValue(requestFields, 'if-none-match');
  // RFC 9110 13.1.3: "A recipient MUST ignore If-Modified-Since if the request contains an If-None-Match header field".
  if (noneMatch === undefined) return isUnmodifiedSince(requestFields, answer);
  // RFC 9110 13.1.2: "If the field value is "*", the condition is false if the origin server has a current representation".
  if (noneMatch.trim() === '*') return true;
  return answer.etag !== undefined && listsTag(noneMatch, answer.etag);
}

/** RFC 9110 13.1.3: a value that is no HTTP-date, or several, is ignored. */
function isUnmodifiedSince(requestFields: Fields, answer: Conditioned): boolean {
  const sinceMs = parseHttpDate(fieldValue(requestFields, 'if-modified-since'));
  const modifiedMs = modifiedAt(answer);
  return sinceMs !== undefined && modifiedMs !== undefined && modifiedMs <= sinceMs;
}

/** RFC 9111 4.3.2: without Last-Modified the Date counts, without that the time it was received. */
function modifiedAt({ lastModified, fields, receivedAt }: Conditioned): number | undefined {
  return parseHttpDate(lastModified) ?? parseHttpDate(fields && fieldValue(fields, 'date')) ?? receivedAt;
}

const PRECONDITIONS: ReadonlySet<string> = new Set([
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  // Conditions on a part; what we fetch to store is the whole.
  'if-range',
  'range',
]);

/** The request for the whole, current answer, whatever the client has already. */
export function withoutPreconditions(fields: Fields): Fields {
  return withoutFields(fields, PRECONDITIONS);
}

/** RFC 9111 4.3.2: conditions that only an origin server can judge: such a request is not answered from the store. */
export function hasOriginPreconditions(fields: Fields): boolean {
  return fields.some(([name]) => isNamed(name, 'if-match') || isNamed(name, 'if-unmodified-since'));
}

/** RFC 9111 4.3.1: what to send upstream, so that it may say that the stored answer still holds. */
export function validatorsOf(entry: Pick<Conditioned, 'etag' | 'lastModified'>): Fields {
  const validators: Field[] = [];
  if (entry.etag !== undefined) validators.push(['If-None-Match', entry.etag]);
  if (entry.lastModified !== undefined && parseHttpDate(entry.lastModified) !== undefined)
    validators.push(['If-Modified-Since', entry.lastModified]);
  return validators;
}
