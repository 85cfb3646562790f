import type { Directives } from './cache-control.js';
import { policyTtlMs, type CachePolicy } from './cache-policy.js';
import { fieldLines, fieldValue, type Fields } from './fields.js';
import { parseHttpDate } from './http-date.js';
import { isHeuristicallyCacheable } from './statuses.js';

export interface Answered {
  readonly status: number;
  readonly fields: Fields;
  readonly directives: Directives;
  readonly isShared: boolean;
  readonly requestedAt: number;
  readonly receivedAt: number;
  readonly policy: CachePolicy;
}

/** How long an answer is fresh, and who says so: `upstream` by the RFC's fields, `policy` the operator, `heuristic` nobody. */
export interface Lifetime {
  readonly lifetimeMs: number;
  readonly saidBy: 'upstream' | 'policy' | 'heuristic';
}

/** RFC 9111 4.2.1, "by evaluating the following rules and using the first match". */
export function lifetimeOf(answer: Answered): Lifetime {
  const explicitMs = explicitLifetimeMs(answer);
  if (explicitMs !== undefined) return { lifetimeMs: explicitMs, saidBy: 'upstream' };
  const ttlMs = policyTtlMs(answer.policy);
  if (ttlMs !== undefined) return { lifetimeMs: ttlMs, saidBy: 'policy' };
  return { lifetimeMs: heuristicLifetimeMs(answer), saidBy: 'heuristic' };
}

function explicitLifetimeMs({ directives, isShared, fields, receivedAt }: Answered): number | undefined {
  // 5.2.2.4: "MUST NOT be used to satisfy any other request without forwarding it for validation"
  if (directives.noCache) return 0;
  // "If the cache is shared and the s-maxage response directive is present, use its value"
  if (isShared && directives.sMaxAgeMs !== undefined) return directives.sMaxAgeMs;
  // "If the max-age response directive is present, use its value"
  if (directives.maxAgeMs !== undefined) return directives.maxAgeMs;
  // RFC 9213 2.2: beside a targeted field "it MUST ignore the Cache-Control and Expires header fields in that response".
  if (directives.isTargeted) return undefined;
  // "If the Expires response header field is present, use its value minus the value of the Date response header field"
  const expires = fieldLines(fields, 'expires');
  return expires.length === 0 ? undefined : expiresLifetimeMs(expires, dateOf(fields) ?? receivedAt);
}

/** 5.3: "A cache recipient MUST interpret invalid date formats, especially the value "0", as representing a time in the past". */
function expiresLifetimeMs(expires: readonly string[], dateMs: number): number {
  const earliestMs = Math.min(...expires.map((line) => parseHttpDate(line) ?? 0));
  return Math.max(0, earliestMs - dateMs);
}

const HEURISTIC_SHARE = 0.1;
const MAX_HEURISTIC_MS = 86_400_000;

/**
 * 4.2.2: only where no explicit expiration time is present, and the status is heuristically cacheable or the answer is marked
 * public; "a typical setting of this fraction might be 10%".
 */
function heuristicLifetimeMs({ status, directives, fields, receivedAt }: Answered): number {
  if (!isHeuristicallyCacheable(status) && !directives.isPublic) return 0;
  const modifiedMs = parseHttpDate(fieldValue(fields, 'last-modified'));
  if (modifiedMs === undefined) return 0;
  const unchangedMs = (dateOf(fields) ?? receivedAt) - modifiedMs;
  return Math.min(MAX_HEURISTIC_MS, Math.max(0, Math.floor(unchangedMs * HEURISTIC_SHARE)));
}

/**
 * RFC 9111 4.2.3, the age of an answer when it arrived. Where the freshness is the operator's, it counts from our own clock alone,
 * which the section allows ("The corrected_age_value MAY be used as the corrected_initial_age"): an upstream whose clock is slow
 * would else never be fresh here.
 */
export function initialAgeOf(
  answer: Pick<Answered, 'fields' | 'requestedAt' | 'receivedAt'>,
  saidBy: Lifetime['saidBy'],
): number {
  const { fields, requestedAt, receivedAt } = answer;
  const responseDelayMs = Math.max(0, receivedAt - requestedAt);
  const correctedAgeMs = ageFieldMs(fields) + responseDelayMs;
  return saidBy === 'policy' ? correctedAgeMs : Math.max(apparentAgeMs(fields, receivedAt), correctedAgeMs);
}

/** "apparent_age = max(0, response_time - date_value);" in whole seconds, as Date has no finer ones. */
function apparentAgeMs(fields: Fields, receivedAt: number): number {
  const dateMs = dateOf(fields);
  return dateMs === undefined ? 0 : Math.max(0, Math.floor((receivedAt - dateMs) / 1000) * 1000);
}

/** 5.1: of several members the first counts; one that is not a non-negative integer is ignored. */
function ageFieldMs(fields: Fields): number {
  const first = (fieldValue(fields, 'age') ?? '').split(',')[0]?.trim() ?? '';
  return /^\d+$/.test(first) ? Math.min(Number(first), 2 ** 31) * 1000 : 0;
}

function dateOf(fields: Fields): number | undefined {
  return parseHttpDate(fieldValue(fields, 'date'));
}

/** How long past its ttl an answer may still be given. */
export function graceOf(directives: Directives, policy: CachePolicy): number {
  if (forbidsStale(directives)) return 0;
  const allowedMs = directives.staleWhileRevalidateMs ?? 0;
  // 4.2.4 permits stale answers by "configuration in accordance with an out-of-band contract": the operator's grace.
  return policy.profile === 'strict' ? allowedMs : Math.max(policy.graceMs, allowedMs);
}

/**
 * 4.2.4: "A cache MUST NOT generate a stale response if it is prohibited by an explicit in-protocol directive (e.g., by a no-cache
 * response directive, a must-revalidate response directive, or an applicable s-maxage or proxy-revalidate response directive".
 */
export function forbidsStale(directives: Directives): boolean {
  return (
    directives.noCache || directives.mustRevalidate || directives.proxyRevalidate || directives.sMaxAgeMs !== undefined
  );
}
