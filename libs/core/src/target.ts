import { placeOf, type UpstreamPlace } from './upstream-place.js';

export interface RoutedUpstream {
  readonly id: string;
  readonly baseUrl: string;
  readonly hosts: readonly string[];
}

export type RefusalCode =
  'malformed-target' | 'dot-segment' | 'undeclared-host' | 'outside-base-url' | 'unknown-upstream';

/** Where a request is meant to go. */
export type Target =
  /** `path` is what stands beyond the base URL, path and query byte for byte: begins with `/` or `?`, or is empty. */
  | { readonly kind: 'upstream'; readonly upstream: string; readonly path: string }
  /** For Penstock itself: `path` begins with `/.penstock/`. */
  | { readonly kind: 'own'; readonly path: string }
  | Refusal;

interface Refusal {
  readonly kind: 'refused';
  readonly status: 400 | 403 | 404;
  readonly code: RefusalCode;
  readonly detail: string;
}

export interface Router {
  /** Takes the request target as it stood in the request line, in origin form or in absolute form (RFC 9112 3.2). */
  route(requestTarget: string): Target;
}

interface Declared {
  readonly id: string;
  readonly place: UpstreamPlace;
}

const OWN_PREFIX = '/.penstock/';
const SLASH = 0x2f;

export function createRouter(upstreams: readonly RoutedUpstream[]): Router {
  const byId = new Map<string, Declared>();
  const byHost = new Map<string, Declared>();
  for (const { id, baseUrl, hosts } of upstreams) {
    const declared = { id, place: placeOf(baseUrl) };
    byId.set(id, declared);
    for (const host of hosts) for (const authority of authoritiesOf(host)) byHost.set(authority, declared);
  }
  return {
    route(requestTarget) {
      const fault = faultOf(requestTarget);
      if (fault !== undefined) return fault;
      if (requestTarget.charCodeAt(0) === SLASH) return routeOrigin(requestTarget, byId);
      return routeAbsolute(requestTarget, byHost);
    },
  };
}

function routeOrigin(target: string, byId: ReadonlyMap<string, Declared>): Target {
  if (target.startsWith(OWN_PREFIX)) return { kind: 'own', path: target };
  const end = endOfSegment(target, 1);
  const upstream = target.slice(1, end);
  if (byId.has(upstream)) return { kind: 'upstream', upstream, path: target.slice(end) };
  const known = [...byId.keys()].map((id) => `/${id}/...`).join(', ');
  return refusal(
    404,
    'unknown-upstream',
    `Expected a path that begins with a declared upstream (${known || 'none is declared'}), found "${shown(target)}".`,
  );
}

const ABSOLUTE_FORM = /^https?:\/\/([^/?]*)/i;

function routeAbsolute(target: string, byHost: ReadonlyMap<string, Declared>): Target {
  const match = ABSOLUTE_FORM.exec(target);
  const authority =
    match === null ? undefined : normalAuthority(match[1] ?? '', target.charAt(4) === ':' ? '80' : '443');
  if (match === null || authority === undefined)
    return refusal(
      400,
      'malformed-target',
      `Expected a path or an http:// URL with a host and without user information, found "${shown(target)}".`,
    );
  const declared = byHost.get(authority);
  if (declared === undefined)
    return refusal(
      403,
      'undeclared-host',
      `Expected a host that is declared under "hosts" of an upstream, found "${shown(match[1] ?? '')}". Declare it there to have it fetched.`,
    );
  return routeBeyond(target.slice(match[0].length), declared);
}

function routeBeyond(pathAndQuery: string, { id, place }: Declared): Target {
  if (pathAndQuery.startsWith(OWN_PREFIX)) return { kind: 'own', path: pathAndQuery };
  const path = place.beyond(pathAndQuery);
  if (path !== undefined) return { kind: 'upstream', upstream: id, path };
  return refusal(
    403,
    'outside-base-url',
    `Expected a path below "${place.basePath}", the base URL of upstream "${id}", found "${shown(pathAndQuery)}".`,
  );
}

/** A declared host without a port is meant on the default port of either scheme. */
function authoritiesOf(host: string): string[] {
  const lowercase = host.toLowerCase();
  return /:\d+$/.test(lowercase) ? [lowercase] : [`${lowercase}:80`, `${lowercase}:443`];
}

const AUTHORITY = /^((?:\[[0-9a-f:.]+\])|[^@:[\]]+)(?::(\d{0,5}))?$/;

/** `host:port` in lower case, with the scheme's port where none is given (RFC 9110 4.2.3); user information is refused (4.2.4). */
function normalAuthority(authority: string, defaultPort: string): string | undefined {
  const match = AUTHORITY.exec(authority.toLowerCase());
  return match === null ? undefined : `${match[1] ?? ''}:${match[2] || defaultPort}`;
}

/** One pass over the bytes; only a path with a dot after a slash or with a percent sign is looked at again. */
function faultOf(target: string): Refusal | undefined {
  let pathEnd = -1;
  let suspicious = false;
  for (let at = 0; at < target.length; at++) {
    const code = target.charCodeAt(at);
    if (isForbidden(code))
      return refusal(
        400,
        'malformed-target',
        `Expected a request target of visible characters without "#" and "\\", found character ${code} at position ${at}.`,
      );
    if (pathEnd !== -1) continue;
    if (code === 0x3f) pathEnd = at;
    else if (code === 0x25 || (code === 0x2e && target.charCodeAt(at - 1) === SLASH)) suspicious = true;
  }
  return suspicious ? dotFaultOf(pathEnd === -1 ? target : target.slice(0, pathEnd)) : undefined;
}

/** Controls, space, DEL, what is no byte, `#` and backslash. Bytes from 0x80 on are passed on as they came. */
function isForbidden(code: number): boolean {
  return code <= 0x20 || code === 0x7f || code > 0xff || code === 0x23 || code === 0x5c;
}

/**
 * RFC 3986 6.2.2.2: an encoded octet of an unreserved character is equivalent to the character: `%2e%2e` is `..`. An encoded
 * slash or backslash parts segments too, and `..;x` is read as `..` by servers that know path parameters: some upstream would
 * otherwise leave the base URL that its operator declared.
 */
function dotFaultOf(path: string): Refusal | undefined {
  if (/%(?![0-9a-f]{2})/i.test(path))
    return refusal(
      400,
      'malformed-target',
      `Expected "%" to be followed by two hexadecimal digits in the path, found "${shown(path)}".`,
    );
  const decoded = path
    .replaceAll(/%2e/gi, '.')
    .replaceAll(/%(?:2f|5c)/gi, '/')
    .replaceAll(/%3b/gi, ';');
  if (!/(?:^|\/)\.\.(?:[/;]|$)/.test(decoded)) return undefined;
  return refusal(
    400,
    'dot-segment',
    `Expected a path without ".." segments, found "${shown(path)}". Send the path as it is after resolving them.`,
  );
}

function endOfSegment(target: string, from: number): number {
  for (let at = from; at < target.length; at++) {
    const code = target.charCodeAt(at);
    if (code === SLASH || code === 0x3f) return at;
  }
  return target.length;
}

function refusal(status: Refusal['status'], code: RefusalCode, detail: string): Refusal {
  return { kind: 'refused', status, code, detail };
}

const SHOWN_CHARACTERS = 200;

/** Without the query, which may hold a secret. */
function shown(target: string): string {
  const path = target.slice(0, endOfPath(target));
  return path.length > SHOWN_CHARACTERS ? `${path.slice(0, SHOWN_CHARACTERS)}...` : path;
}

function endOfPath(target: string): number {
  const at = target.indexOf('?');
  return at === -1 ? target.length : at;
}
