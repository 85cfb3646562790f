import { responseDirectivesOf, type CachePolicy } from './cache-policy.js';
import { codingOf } from './content-coding.js';
import { isWeakMatch } from './entity-tag.js';
import { fieldValue, type Fields } from './fields.js';
import { parseHttpDate } from './http-date.js';
import { graceOf, initialAgeOf, lifetimeOf, type Answered } from './lifetime.js';
import { SHARED_PARTITION } from './partition.js';
import { storedFieldsOf, updatedFields, withContentLength } from './stored-fields.js';
import type { Version } from './version.js';

/** Which entry: what it answers to, for whom. */
export interface EntryIdentity {
  readonly key: string;
  readonly urlHash: string;
  readonly upstream: string;
  /** Path and query beyond the upstream's base URL. */
  readonly path: string;
  readonly partition: string;
  readonly variant: string;
  /** Names of the request fields by which it was chosen: lower case, sorted. */
  readonly vary: readonly string[];
}

/** A stored answer without its body. */
export interface Entry extends EntryIdentity {
  readonly version: Version;
  readonly status: number;
  readonly fields: Fields;
  /** Epoch ms by our own clock. */
  readonly requestedAt: number;
  readonly receivedAt: number;
  readonly bodyHash: string;
  readonly bodyBytes: number;
  readonly lifetimeMs: number;
  /** Its age when it was received. */
  readonly initialAgeMs: number;
  readonly graceMs: number;
  readonly keepMs: number;
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
}

/** When an answer was asked for and came, by which call, and under which policy it is kept. */
export interface Arrival {
  readonly version: Version;
  readonly requestedAt: number;
  readonly receivedAt: number;
  readonly policy: CachePolicy;
}

export interface StorableAnswer extends Arrival {
  readonly request: EntryIdentity;
  readonly response: { readonly status: number; readonly fields: Fields };
  readonly bodyHash: string;
  readonly bodyBytes: number;
}

/** Of an answer that storabilityOf has found storable. */
export function entryFrom(arrived: StorableAnswer): Entry {
  const { request, response, version, requestedAt, receivedAt, bodyHash, bodyBytes, policy } = arrived;
  const directives = responseDirectivesOf(response.fields, policy);
  const isShared = request.partition === SHARED_PARTITION;
  const fields = withContentLength(storedFieldsOf(response.fields, { directives, isShared, receivedAt }), bodyBytes);
  const { status } = response;
  const answer = { status, fields, directives, isShared, requestedAt, receivedAt, policy };
  return made(request, { version, bodyHash, bodyBytes }, answer, response.fields);
}

export interface Renewal extends Arrival {
  /** Fields of the 304. */
  readonly responseFields: Fields;
}

/** RFC 9111 4.3.4: the entry with what the 304 says brought in; its body stays. */
export function renewedBy304(entry: Entry, renewal: Renewal): Entry {
  const { responseFields, version, requestedAt, receivedAt, policy } = renewal;
  const isShared = entry.partition === SHARED_PARTITION;
  const said = responseDirectivesOf(responseFields, policy);
  const merged = updatedFields(
    entry.fields,
    storedFieldsOf(responseFields, { directives: said, isShared, receivedAt }),
  );
  // A 304 that names no Cache-Control leaves the stored one in force; one that does may forbid fields that were kept until now.
  const directives = responseDirectivesOf(merged, policy);
  const fields = storedFieldsOf(merged, { directives, isShared, receivedAt });
  const { status, bodyHash, bodyBytes } = entry;
  const answer = { status, fields, directives, isShared, requestedAt, receivedAt, policy };
  return made(entry, { version, bodyHash, bodyBytes }, answer, responseFields);
}

/**
 * RFC 9111 4.3.4: a 304 whose validators are not those of the stored answer MUST NOT update it; the resource is then to be fetched
 * without conditions. A 304 without validators speaks of the one that we asked about.
 */
export function isRenewableBy304(entry: Entry, responseFields: Fields): boolean {
  const etag = fieldValue(responseFields, 'etag');
  if (etag !== undefined && entry.etag !== undefined) return isWeakMatch(etag, entry.etag);
  const modifiedMs = parseHttpDate(fieldValue(responseFields, 'last-modified'));
  const storedMs = parseHttpDate(entry.lastModified);
  return modifiedMs === undefined || storedMs === undefined || modifiedMs === storedMs;
}

/**
 * RFC 9111 4.3.5, what a 200 to a HEAD makes of a stored answer to GET: "if the stored response and HEAD response have matching values
 * for any received validator fields (ETag and Last-Modified) and, if the HEAD response has a Content-Length header field, the value of
 * Content-Length matches that of the stored response, the cache SHOULD update the stored response (...); otherwise, the cache SHOULD
 * consider the stored response to be stale." It keeps its validators, to be asked about. That goes for responses "that could have been
 * chosen for that request": a HEAD goes with the client's own Accept-Encoding, and in another coding it speaks of another one.
 */
export function freshenedByHead(entry: Entry, head: Renewal): Entry {
  if (codingOf(head.responseFields) !== codingOf(entry.fields)) return entry;
  if (isDescribedBy(entry, head.responseFields)) return renewedBy304(entry, head);
  return { ...entry, version: head.version, lifetimeMs: 0, graceMs: 0 };
}

function isDescribedBy({ etag, lastModified, bodyBytes }: Entry, headFields: Fields): boolean {
  const received = (name: string): string | undefined => fieldValue(headFields, name);
  const isSame = (value: string | undefined, stored: string | undefined): boolean =>
    value === undefined || value === stored;
  return (
    isSame(received('etag'), etag) &&
    isSame(received('last-modified'), lastModified) &&
    isSame(received('content-length'), String(bodyBytes))
  );
}

/**
 * Every entry is made here, property by property: made of others by spreading, each would cost ten times its own size in garbage.
 * Callers may hand over more than an identity; an entry holds nothing else of it. `answer.fields` are the stored ones, which say how long
 * it is fresh; `aged` are those that came, which say how old it was.
 */
function made(
  { key, urlHash, upstream, path, partition, variant, vary }: EntryIdentity,
  { version, bodyHash, bodyBytes }: Pick<Entry, 'version' | 'bodyHash' | 'bodyBytes'>,
  answer: Answered,
  aged: Fields,
): Entry {
  const { status, fields, requestedAt, receivedAt, directives, policy } = answer;
  const { lifetimeMs, saidBy } = lifetimeOf(answer);
  return {
    key,
    urlHash,
    upstream,
    path,
    partition,
    variant,
    vary,
    version,
    status,
    fields,
    requestedAt,
    receivedAt,
    bodyHash,
    bodyBytes,
    lifetimeMs,
    initialAgeMs: initialAgeOf({ fields: aged, requestedAt, receivedAt }, saidBy),
    graceMs: graceOf(directives, policy),
    keepMs: policy.keepMs,
    etag: fieldValue(fields, 'etag'),
    lastModified: fieldValue(fields, 'last-modified'),
  };
}
