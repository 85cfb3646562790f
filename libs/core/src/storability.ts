import { requestDirectivesOf, type Directives } from './cache-control.js';
import { policyTtlMs, responseDirectivesOf, type CachePolicy } from './cache-policy.js';
import { fieldValue, type Fields } from './fields.js';
import { SHARED_PARTITION } from './partition.js';
import { isHeuristicallyCacheable, isUnderstood } from './statuses.js';
import { varyNamesOf } from './vary.js';

export type RefusalReason =
  | 'method'
  | 'request-no-store'
  | 'status'
  | 'no-store'
  | 'private'
  | 'authorization'
  | 'set-cookie'
  | 'vary-any'
  | 'no-freshness';

export type Storability = { readonly kind: 'storable' } | { readonly kind: 'refused'; readonly reason: RefusalReason };

export interface Exchange {
  readonly method: string;
  /** What the client sent, where its credentials go to the upstream; never with the upstream credentials of the configuration. */
  readonly requestFields: Fields;
  readonly status: number;
  readonly responseFields: Fields;
  /** Any other than `shared` is the private cache of one user. */
  readonly partition: string;
  readonly policy: CachePolicy;
}

interface Considered extends Exchange {
  readonly directives: Directives;
  readonly isShared: boolean;
}

const STORABLE: Storability = { kind: 'storable' };

/** RFC 9111 3: "A cache MUST NOT store a response to a request unless:" every one of these holds. */
const RULES: readonly (readonly [reason: RefusalReason, holds: (exchange: Considered) => boolean])[] = [
  // "the request method is understood by the cache;" A HEAD answer has no body to keep.
  ['method', ({ method }) => method === 'GET'],

  // RFC 9111 5.2.1.5: "a cache MUST NOT store any part of either this request or any response to it."
  ['request-no-store', ({ requestFields }) => !requestDirectivesOf(requestFields).noStore],

  // "the response status code is final"; "if the response status code is 206 or 304, or the must-understand cache directive (...)
  // is present: the cache understands the response status code;"
  ['status', ({ status, directives }) => isKeptStatus(status) && (!directives.mustUnderstand || isUnderstood(status))],

  // "the no-store cache directive is not present in the response"; 5.2.2.3: a cache that understands the status "SHOULD ignore the
  // no-store directive" beside must-understand.
  ['no-store', ({ directives }) => !directives.noStore || directives.mustUnderstand],

  // "if the cache is shared: the private response directive is either not present or allows a shared cache to store a modified
  // response"
  ['private', ({ isShared, directives }) => !isShared || !directives.isPrivate],

  // 3.5: "A shared cache MUST NOT use a cached response to a request with an Authorization header field to satisfy any subsequent
  // request unless the response contains a Cache-Control field with a response directive that allows it (...): must-revalidate,
  // public, and s-maxage."
  [
    'authorization',
    (exchange) =>
      !exchange.isShared || !hasField(exchange.requestFields, 'authorization') || mayShareAuthorized(exchange),
  ],

  // Not an RFC's demand, but one of privacy: a cookie is set for one user. The field itself is never kept for others.
  [
    'set-cookie',
    (exchange) =>
      !exchange.isShared || !hasField(exchange.responseFields, 'set-cookie') || setCookieIsApart(exchange.directives),
  ],

  // 4.1: "A stored response with a Vary header field value containing a member "*" always fails to match."
  ['vary-any', ({ responseFields }) => varyNamesOf(responseFields).kind === 'names'],

  // "the response contains at least one of the following:" explicit permission, explicit freshness, a status that is defined as
  // heuristically cacheable; for us also a ttl of the operator.
  ['no-freshness', (exchange) => hasExplicitFreshness(exchange) || allowsOurFreshness(exchange)],
];

export function storabilityOf(exchange: Exchange): Storability {
  const directives = responseDirectivesOf(exchange.responseFields, exchange.policy);
  const { method, requestFields, status, responseFields, partition, policy } = exchange;
  const isShared = partition === SHARED_PARTITION;
  const considered = { method, requestFields, status, responseFields, partition, policy, directives, isShared };
  for (const [reason, holds] of RULES) if (!holds(considered)) return { kind: 'refused', reason };
  return STORABLE;
}

/** RFC 6585 4: "Responses with the 429 status code MUST NOT be stored by a cache." Partial answers are not stored; a 304 is no answer. */
function isKeptStatus(status: number): boolean {
  return status >= 200 && status <= 599 && status !== 206 && status !== 304 && status !== 429;
}

function mayShareAuthorized({ directives, policy }: Considered): boolean {
  if (policy.profile === 'proxy' && policy.shareAuthorized === true) return true;
  return directives.mustRevalidate || directives.isPublic || directives.sMaxAgeMs !== undefined;
}

function setCookieIsApart(directives: Directives): boolean {
  if (directives.isPublic || directives.sMaxAgeMs !== undefined) return true;
  return directives.noCacheFields.includes('set-cookie') || directives.privateFields.includes('set-cookie');
}

function hasExplicitFreshness({ directives, responseFields, isShared }: Considered): boolean {
  if (directives.isPublic || directives.maxAgeMs !== undefined) return true;
  if (isShared ? directives.sMaxAgeMs !== undefined : directives.isPrivate) return true;
  return !directives.isTargeted && hasField(responseFields, 'expires');
}

function allowsOurFreshness({ status, policy }: Considered): boolean {
  return isHeuristicallyCacheable(status) || (isUnderstood(status) && policyTtlMs(policy) !== undefined);
}

function hasField(fields: Fields, name: string): boolean {
  return fieldValue(fields, name) !== undefined;
}
