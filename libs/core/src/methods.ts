import { fieldLines, type Fields } from './fields.js';
import { placeOf, urlOf } from './upstream-place.js';

/** RFC 9110 9.2.1. Of a method that is unknown the safety is unknown, so it is not safe. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

export function isSafe(method: string): boolean {
  return SAFE.has(method);
}

/** RFC 9110 9.2.2: "the request methods PUT, DELETE, and safe request methods are idempotent". */
export function isIdempotent(method: string): boolean {
  return isSafe(method) || method === 'PUT' || method === 'DELETE';
}

/** RFC 9110 9.2.2: "A proxy MUST NOT automatically retry non-idempotent requests"; a key makes the upstream know the repeat. */
export function isRepeatable(method: string, hasIdempotencyKey: boolean): boolean {
  return isIdempotent(method) || (hasIdempotencyKey && (method === 'POST' || method === 'PATCH'));
}

/**
 * RFC 9111 4.4: "A cache MUST invalidate the target URI (...) when it receives a non-error status code in response to an unsafe
 * request method (including methods whose safety is unknown)."
 */
export function invalidatesUrl(method: string): boolean {
  return !isSafe(method);
}

export interface Written {
  readonly path: string;
  readonly baseUrl: string;
  readonly responseFields: Fields;
}

/**
 * RFC 9111 4.4: "A cache MAY invalidate other URIs (...) in particular, the URI(s) in the Location and Content-Location response
 * header fields"; "a cache MUST NOT trigger an invalidation under these conditions if the origin (...) differs". Paths beyond the
 * base URL. A URL that a parser would write otherwise is named in both spellings, since clients may ask with either.
 */
export function locationsToInvalidate({ path, baseUrl, responseFields }: Written): string[] {
  const target = urlOf(baseUrl, path);
  const locations = [...fieldLines(responseFields, 'location'), ...fieldLines(responseFields, 'content-location')];
  return [...new Set(locations.flatMap((location) => pathsOf(location.trim(), target, baseUrl)))];
}

function pathsOf(location: string, target: string, baseUrl: string): string[] {
  const { origin, beyond } = placeOf(baseUrl);
  if (!URL.canParse(location, target)) return [];
  const url = new URL(location, target);
  if (url.origin !== origin) return [];
  const spellings = [url.pathname + url.search, spelledOut(location)];
  return spellings.flatMap((spelling) => (spelling === undefined ? [] : (beyond(spelling) ?? [])));
}

/** Path and query of a reference as written, where it names them whole. */
function spelledOut(location: string): string | undefined {
  const [reference = ''] = location.split('#');
  if (reference.startsWith('/') && !reference.startsWith('//')) return reference;
  return /^(?:https?:)?\/\/[^/?]*(\/.*)$/i.exec(reference)?.[1];
}
