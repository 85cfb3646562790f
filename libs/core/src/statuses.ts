/** RFC 9110 15.1: heuristically cacheable, but for 206: partial answers are not stored. */
const HEURISTICALLY_CACHEABLE: ReadonlySet<number> = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501]);

/** Redirects that are cacheable when something else allows it (RFC 9110 15.4.3, 15.4.4, 15.4.8). */
const UNDERSTOOD_BESIDES: ReadonlySet<number> = new Set([302, 303, 307]);

export function isHeuristicallyCacheable(status: number): boolean {
  return HEURISTICALLY_CACHEABLE.has(status);
}

/** Whether we conform to what a status demands of a cache (RFC 9111 5.2.2.3, must-understand). */
export function isUnderstood(status: number): boolean {
  return HEURISTICALLY_CACHEABLE.has(status) || UNDERSTOOD_BESIDES.has(status);
}
