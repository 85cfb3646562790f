import { NO_DIRECTIVES, type Directives } from './cache-control.js';

/** `ttlMs` is what is left of the freshness lifetime: zero or less when it has ended. */
export type Freshness =
  | { readonly kind: 'fresh'; readonly ageMs: number; readonly ttlMs: number }
  /** Within its grace: may be answered at once, and should be refreshed. */
  | { readonly kind: 'stale'; readonly ageMs: number; readonly ttlMs: number }
  /** Good for revalidation only. */
  | { readonly kind: 'expired'; readonly ageMs: number; readonly ttlMs: number };

export interface Aging {
  readonly receivedAt: number;
  readonly initialAgeMs: number;
  readonly lifetimeMs: number;
  readonly graceMs: number;
}

/** RFC 9111 4.2.3: "current_age = corrected_initial_age + resident_time;" A clock that was set back makes nothing younger. */
export function ageOf(entry: Pick<Aging, 'receivedAt' | 'initialAgeMs'>, nowMs: number): number {
  return entry.initialAgeMs + Math.max(0, nowMs - entry.receivedAt);
}

/** RFC 9111 4.2: "response_is_fresh = (freshness_lifetime > current_age)". */
export function freshnessOf(entry: Aging, nowMs: number): Freshness {
  const ageMs = ageOf(entry, nowMs);
  const ttlMs = entry.lifetimeMs - ageMs;
  if (ttlMs > 0) return { kind: 'fresh', ageMs, ttlMs };
  return { kind: -ttlMs < entry.graceMs ? 'stale' : 'expired', ageMs, ttlMs };
}

/** Whether a stored answer will do for this request; `only-if-cached-miss` is to be told with 504 (RFC 9111 5.2.1.7). */
export type Admission =
  { readonly kind: 'answer' } | { readonly kind: 'revalidate' } | { readonly kind: 'only-if-cached-miss' };

const ANSWER: Admission = Object.freeze({ kind: 'answer' });
const REVALIDATE: Admission = Object.freeze({ kind: 'revalidate' });
const ONLY_IF_CACHED_MISS: Admission = Object.freeze({ kind: 'only-if-cached-miss' });

export interface AdmissionRules {
  /** The operator does not let clients force a call. */
  readonly ignoreNoCache: boolean;
}

/** no-store does not count here: what is stored may answer (RFC 9111 5.2.1.5), only the answer to this request may not be stored. */
export function admits(request: Directives, freshness: Freshness, rules: AdmissionRules): Admission {
  if (request === NO_DIRECTIVES) return freshness.kind === 'expired' ? REVALIDATE : ANSWER;
  if (!asksForNewer(request, freshness, rules) && isFreshEnough(request, freshness)) return ANSWER;
  return request.onlyIfCached ? ONLY_IF_CACHED_MISS : REVALIDATE;
}

function asksForNewer(
  { noCache, maxAgeMs }: Directives,
  { ageMs }: Freshness,
  { ignoreNoCache }: AdmissionRules,
): boolean {
  // 5.2.1.4: no-cache "indicates that the client prefers stored response not be used (...) without successful validation". A reload
  // says the same with max-age=0.
  if ((noCache || maxAgeMs === 0) && !ignoreNoCache) return true;
  // 5.2.1.1: "the client prefers a response whose age is less than or equal to the specified number of seconds."
  return maxAgeMs !== undefined && maxAgeMs > 0 && ageMs > maxAgeMs;
}

function isFreshEnough({ minFreshMs, maxStaleMs, maxAgeMs }: Directives, { kind, ttlMs }: Freshness): boolean {
  if (kind === 'expired') return false;
  // 5.2.1.3: "whose freshness lifetime is no less than its current age plus the specified time in seconds."
  if (minFreshMs !== undefined && ttlMs < minFreshMs) return false;
  if (kind === 'fresh') return true;
  // 5.2.1.2: "no more than the specified number of seconds" past its lifetime.
  if (maxStaleMs !== undefined) return -ttlMs <= maxStaleMs;
  // 5.2.1.1: "Unless the max-stale request directive is also present, the client does not wish to receive a stale response."
  return maxAgeMs === undefined || maxAgeMs === 0;
}
