import { NO_DIRECTIVES, type Directives } from './cache-control.js';
import { forbidsStale } from './lifetime.js';

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

/**
 * As something whose freshness ended at that time, unless it had ended before: grace counts from then, and what forbids stale answers forbids
 * these. For what is known to have changed at the upstream.
 */
export function endedAt<Stored extends Aging>(entry: Stored, nowMs: number): Stored {
  const ageMs = ageOf(entry, nowMs);
  return ageMs < entry.lifetimeMs ? { ...entry, lifetimeMs: ageMs } : entry;
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
  /** What the stored answer says; asked for only where it matters. */
  said(): Directives;
}

/** no-store does not count here: what is stored may answer (RFC 9111 5.2.1.5), only the answer to this request may not be stored. */
export function admits(request: Directives, freshness: Freshness, rules: AdmissionRules): Admission {
  if (request === NO_DIRECTIVES) return freshness.kind === 'expired' ? REVALIDATE : ANSWER;
  if (!asksForNewer(request, freshness, rules) && isFreshEnough(request, freshness, rules)) return ANSWER;
  return request.onlyIfCached ? ONLY_IF_CACHED_MISS : REVALIDATE;
}

function asksForNewer({ noCache, maxAgeMs }: Directives, { kind, ageMs }: Freshness, rules: AdmissionRules): boolean {
  // 5.2.1.4: no-cache "indicates that the client prefers stored response not be used (...) without successful validation".
  if (noCache && !rules.ignoreNoCache) return true;
  // A reload says the same with max-age=0, but RFC 8246 2.1: "proxies SHOULD skip conditionally revalidating fresh responses containing
  // the immutable extension unless there is a signal from the client that a validation is necessary (e.g., a no-cache".
  if (maxAgeMs === 0) return !rules.ignoreNoCache && !(kind === 'fresh' && rules.said().immutable);
  // 5.2.1.1: "the client prefers a response whose age is less than or equal to the specified number of seconds."
  return maxAgeMs !== undefined && ageMs > maxAgeMs;
}

function isFreshEnough(request: Directives, { kind, ttlMs }: Freshness, { said }: AdmissionRules): boolean {
  const { minFreshMs, maxStaleMs, maxAgeMs } = request;
  // 5.2.1.3: "whose freshness lifetime is no less than its current age plus the specified time in seconds."
  if (minFreshMs !== undefined && ttlMs < minFreshMs) return false;
  if (kind === 'fresh') return true;
  // 5.2.1.2: "no more than the specified number of seconds" past its lifetime, also past our grace; but not where the answer forbids it.
  if (maxStaleMs !== undefined) return -ttlMs <= maxStaleMs && (kind === 'stale' || !forbidsStale(said()));
  // 5.2.1.1: "Unless the max-stale request directive is also present, the client does not wish to receive a stale response."
  return kind === 'stale' && (maxAgeMs === undefined || maxAgeMs === 0);
}

/**
 * RFC 5861 4: "when an error is encountered, a cached stale response MAY be used to satisfy the request, regardless of other freshness
 * information", as long as it is not "more stale than the indicated amount". Not where the answer forbids it, nor where the client asked
 * for one that is validated.
 */
export function mayAnswerAfterError(request: Directives, { ttlMs }: Freshness, said: Directives): boolean {
  if (forbidsStale(said) || request.noCache || request.maxAgeMs === 0) return false;
  const allowedMs = Math.max(request.staleIfErrorMs ?? 0, said.staleIfErrorMs ?? 0);
  return allowedMs > 0 && -ttlMs <= allowedMs;
}

/** RFC 5861 4: "an error is any situation which would result in a 500, 502, 503 or 504 HTTP response status code being returned." */
export function isErrorToHide(status: number): boolean {
  return status === 500 || status === 502 || status === 503 || status === 504;
}
