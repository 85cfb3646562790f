import { responseDirectivesOf, type CachePolicy } from './cache-policy.js';
import type { Directives } from './cache-control.js';
import { isWeakMatch } from './entity-tag.js';
import { fieldValue, type Fields } from './fields.js';
import { parseHttpDate } from './http-date.js';
import { graceOf, initialAgeOf, lifetimeOf } from './lifetime.js';
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
  return {
    ...identityOf(request),
    version,
    status: response.status,
    fields,
    requestedAt,
    receivedAt,
    bodyHash,
    bodyBytes,
    ...timesOf({ arrival: arrived, status: response.status, fields, aged: response.fields, directives, isShared }),
    ...validatorsIn(fields),
  };
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
  return {
    ...entry,
    version,
    fields,
    requestedAt,
    receivedAt,
    ...timesOf({ arrival: renewal, status: entry.status, fields, aged: responseFields, directives, isShared }),
    ...validatorsIn(fields),
  };
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

interface Timing {
  readonly arrival: Arrival;
  readonly status: number;
  /** The stored fields: they say how long it is fresh. */
  readonly fields: Fields;
  /** The fields as they came: they say how old it was. */
  readonly aged: Fields;
  readonly directives: Directives;
  readonly isShared: boolean;
}

function timesOf({
  arrival,
  status,
  fields,
  aged,
  directives,
  isShared,
}: Timing): Pick<Entry, 'lifetimeMs' | 'initialAgeMs' | 'graceMs' | 'keepMs'> {
  const answer = { ...arrival, status, fields, directives, isShared };
  const { lifetimeMs, saidBy } = lifetimeOf(answer);
  return {
    lifetimeMs,
    initialAgeMs: initialAgeOf({ ...answer, fields: aged }, saidBy),
    graceMs: graceOf(directives, arrival.policy),
    keepMs: arrival.policy.keepMs,
  };
}

function validatorsIn(fields: Fields): Pick<Entry, 'etag' | 'lastModified'> {
  return { etag: fieldValue(fields, 'etag'), lastModified: fieldValue(fields, 'last-modified') };
}

/** Callers may hand over more than an identity; an entry holds nothing else of it. */
function identityOf({ key, urlHash, upstream, path, partition, variant, vary }: EntryIdentity): EntryIdentity {
  return { key, urlHash, upstream, path, partition, variant, vary };
}
