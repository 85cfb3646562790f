/** Where an upstream lives: its base URL, taken apart once. */
export interface UpstreamPlace {
  /** Scheme, host and port in their normal form, without a slash at the end. */
  readonly origin: string;
  /** Path of the base URL without a slash at the end; empty at the root. */
  readonly basePath: string;
  /** Path and query beyond the base URL; undefined when it lies elsewhere. The border is a segment's: `/v20` is not below `/v2`. */
  beyond(pathAndQuery: string): string | undefined;
}

const places = new Map<string, UpstreamPlace>();
/** Far more than one configuration has upstreams; keeps the memory flat over many reloads. */
const MAX_PLACES = 1024;

/** Remembers what it has taken apart: it is asked with every request. */
export function placeOf(baseUrl: string): UpstreamPlace {
  const known = places.get(baseUrl);
  if (known !== undefined) return known;
  if (places.size >= MAX_PLACES) places.clear();
  const place = takeApart(baseUrl);
  places.set(baseUrl, place);
  return place;
}

function takeApart(baseUrl: string): UpstreamPlace {
  const url = new URL(baseUrl);
  const basePath = url.pathname.replace(/\/+$/, '');
  return { origin: url.origin, basePath, beyond: (pathAndQuery) => beyond(basePath, pathAndQuery) };
}

function beyond(basePath: string, pathAndQuery: string): string | undefined {
  if (!pathAndQuery.startsWith(basePath)) return undefined;
  const rest = pathAndQuery.slice(basePath.length);
  return rest === '' || rest.startsWith('/') || rest.startsWith('?') ? rest : undefined;
}

/**
 * The URL of a resource in the form that keys are made of. RFC 9110 4.2.3: scheme and host are compared in lower case, the default
 * port is left out, an empty path is `/`. Path and query stay as they are, byte for byte.
 */
export function urlOf(baseUrl: string, path: string): string {
  const { origin, basePath } = placeOf(baseUrl);
  if (basePath === '' && !path.startsWith('/')) return `${origin}/${path}`;
  return origin + basePath + path;
}

/**
 * Path and query, beyond the base URL, of what a reference leads to that stood in an answer; undefined: it leads elsewhere. What is fetched
 * has the base URL's scheme, whatever the reference says: behind what ends TLS many an API takes itself for http.
 */
export function pathOfReference(baseUrl: string, reference: string, from: string): string | undefined {
  const { origin, beyond } = placeOf(baseUrl);
  const target = urlOf(baseUrl, from);
  if (!URL.canParse(reference, target)) return undefined;
  const url = new URL(reference, target);
  const isHttp = url.protocol === 'http:' || url.protocol === 'https:';
  return isHttp && url.host === new URL(origin).host ? beyond(url.pathname + url.search) : undefined;
}
