import type { Lane, SinceFormat } from '#core';
import type { TlsConfig } from './transport-section.js';
import type { FailureCode } from '../messages.js';

/** The configuration as the services use it: durations in ms, sizes in bytes, shares from 0 to 1, defaults filled in. */
export interface PenstockConfig {
  /** A map, not an object: `constructor` is a valid upstream id. */
  readonly upstreams: ReadonlyMap<string, UpstreamConfig>;
  readonly dataPlane: DataPlaneConfig;
}

export interface DataPlaneConfig {
  /** `false` waives PENSTOCK_ACCESS_TOKEN off loopback. */
  readonly requireAccessToken: boolean;
}

export interface UpstreamConfig {
  readonly id: string;
  /** Origin and path, without a slash at the end. */
  readonly baseUrl: string;
  /** Lower case, with the port where it is not 80. */
  readonly hosts: readonly string[];
  readonly credentials: CredentialsConfig | undefined;
  readonly defaultLane: Lane;
  readonly lanes: readonly LaneRule[];
  readonly limits: LimitsConfig;
  readonly pause: PauseConfig;
  readonly retry: RetryConfig;
  readonly timeouts: TimeoutsConfig;
  readonly cache: CacheConfig;
  readonly refresh: RefreshConfig;
  readonly allowPrivateAddresses: boolean;
  /** The text with its references, never the password: `resolveReference` gives that to the dispatcher. */
  readonly proxy: string | undefined;
  readonly tls: TlsConfig;
  readonly maxRequestBodyBytes: number;
}

export interface CredentialsConfig {
  readonly header: string;
  /** The text with its references, never the secret: `resolveReference` gives that to the dispatcher. */
  readonly value: string;
}

/** A request whose field `header` (lower case) matches the glob goes into `lane`. */
export interface LaneRule {
  readonly header: string;
  readonly match: string;
  readonly lane: Lane;
}

export interface WindowConfig {
  readonly limit: number;
  readonly perMs: number;
}

export interface BucketConfig {
  readonly name: string;
  /** A glob over paths: see `globMatch`. */
  readonly match: string;
  readonly windows: readonly WindowConfig[];
}

export interface CostConfig {
  /** A glob over paths: see `globMatch`. */
  readonly match: string;
  readonly cost: number;
}

export interface LimitsConfig {
  readonly dialect: string;
  /** Empty: the limit is learned. */
  readonly windows: readonly WindowConfig[];
  readonly concurrency: number;
  readonly reserve: number;
  readonly backgroundFloor: number;
  readonly buckets: readonly BucketConfig[];
  readonly per: 'upstream' | 'credential';
  /** What a call is charged, by the first pattern that its path matches; none: learned from the answers, or one. */
  readonly costs: readonly CostConfig[];
  /** What a call is charged that is answered 304; undefined: as any other. */
  readonly notModifiedCost: number | undefined;
  /** How many throttles in 10 min end in a ban. Undefined: the vendor does not ban. */
  readonly throttleBudget: number | undefined;
}

export const BACKOFF_KINDS = [
  'none',
  'fixed',
  'uniform',
  'fixed-randomised',
  'linear',
  'quadratic',
  'exponential',
  'exponential-randomised',
  'fibonacci',
  'list',
  'full-jitter',
  'equal-jitter',
  'partial-jitter',
  'decorrelated-jitter',
  'decorrelated-smooth',
  'header',
] as const;
export type BackoffKind = (typeof BACKOFF_KINDS)[number];

export interface BackoffConfig {
  readonly kind: BackoffKind;
  readonly baseMs: number;
  readonly factor: number;
  readonly capMs: number;
  /** With kind `list` only, and always with it. */
  readonly listMs?: readonly number[];
  /** With the randomised kinds and `partial-jitter` only, and always with them: from 0 to 1. */
  readonly jitter?: number;
}

export interface RetryPolicy {
  readonly backoff: BackoffConfig;
  /** Counts the first send. */
  readonly maxAttempts: number;
  readonly maxElapsedMs: number;
}

export interface StatusRetryPolicy extends RetryPolicy {
  readonly match: readonly number[];
}

/** Whose call came to nothing in one of these ways is repeated by these rules, and not by `network` or `status`. */
export interface RetryRule extends RetryPolicy {
  readonly when: RetryCondition;
}

/** All that is given must hold; of `status` and `error`, where both are given, one. */
export interface RetryCondition {
  readonly status?: readonly number[];
  readonly error?: readonly RetryError[];
  /** A glob over paths: see `globMatch`. */
  readonly route?: string;
  readonly method?: readonly string[];
}

/** What may happen to a call that gets no answer. */
export const RETRY_ERRORS = [
  'connection_refused',
  'dns_error',
  'connection_timeout',
  'response_timeout',
  'body_timeout',
  'incomplete_answer',
  'invalid_answer',
] as const satisfies readonly FailureCode[];
export type RetryError = (typeof RETRY_ERRORS)[number];

export interface PauseConfig {
  readonly withoutHeader: BackoffConfig;
  readonly maxMs: number;
  readonly probeAtMax: boolean;
  readonly scope: 'upstream' | 'bucket' | 'credential';
}

export interface RetryConfig {
  readonly network: RetryPolicy;
  readonly status: StatusRetryPolicy;
  /** The first that fits a call decides; before `network` and `status`. */
  readonly rules: readonly RetryRule[];
  readonly budget: number;
  readonly nowBudget: number;
  readonly throttledWrites: boolean;
}

export interface TimeoutsConfig {
  readonly connectMs: number;
  readonly responseMs: number;
  readonly bodyMs: number;
  readonly waitMs: number;
}

export type CredentialFields =
  | { readonly kind: 'default' }
  /** Field names in lower case. */
  | { readonly kind: 'list'; readonly names: readonly string[] };

export const OVERRIDABLE_DIRECTIVES = ['no-store', 'no-cache', 'private', 'must-revalidate', 's-maxage'] as const;
export type OverridableDirective = (typeof OVERRIDABLE_DIRECTIVES)[number];

export interface CacheConfig {
  readonly profile: 'proxy' | 'strict';
  readonly ttlMs: number;
  readonly graceMs: number;
  readonly keepMs: number;
  readonly maxBodyBytes: number;
  readonly credentialFields: CredentialFields;
  readonly credentialQuery: readonly string[];
  readonly ignoreClientNoCache: boolean;
  readonly shareAuthorized: boolean;
  readonly ignoreDirectives: readonly OverridableDirective[];
  readonly tagHeader: string;
}

export interface RefreshConfig {
  readonly background: boolean;
  readonly maxAgeMs: number | undefined;
  readonly spend: 'target' | 'all';
  /** Each a path pattern (`/items/{1..6000}`) or a file of them (`file:items.txt`). */
  readonly resources: readonly string[];
  readonly volatileFields: readonly string[];
  readonly multipliers: readonly MultiplierConfig[];
  readonly together: readonly TogetherConfig[];
  readonly lists: readonly ListConfig[];
}

/** Resources with this tag weigh so many times as much, when it is asked which refresh is worth making. */
export interface MultiplierConfig {
  readonly tag: string;
  readonly by: number;
}

/** Where the resources stand in an answer that brings several: JSON pointers (RFC 6901). */
export interface ElementsConfig {
  /** To the array of them; empty: the answer itself. */
  readonly items: string;
  /** Within one of them, to its id. */
  readonly id: string;
}

/** Resources that one call can bring together. */
export interface TogetherConfig extends ElementsConfig {
  /** Their paths, with `{id}` where they differ. */
  readonly match: string;
  /** The call, with `{ids}` where the ids of those go that it is to bring. */
  readonly call: string;
  /** Ids in one call. */
  readonly most: number;
  readonly separator: string;
  /** What such a call is charged; undefined: as any call of its path. */
  readonly cost: number | undefined;
  /** How long a call is kept back to be filled up, from the first resource that is due. */
  readonly gatherMs: number;
}

/** A call that tells which resources have changed since when. */
export interface ListConfig extends ElementsConfig {
  /** With `{since}` where the time goes. */
  readonly call: string;
  readonly everyMs: number;
  /** Paths of the resources that it tells of, with `{id}`. */
  readonly path: string;
  /** Within an element, to the time of its last change: a date, or seconds or milliseconds since 1970. */
  readonly changedAt: string;
  /** In the answer, to the URL of the next page; undefined: one page is all. */
  readonly next: string | undefined;
  readonly sinceFormat: SinceFormat;
  /** How far back it is asked again: what the upstream tells may be late. */
  readonly overlapMs: number;
  /** signal: that it has changed. content: the resource itself, as a call of its own would bring it. */
  readonly contains: 'signal' | 'content';
  readonly cost: number | undefined;
}

export const SINCE_FORMATS = ['iso', 'epoch-s', 'epoch-ms'] as const satisfies readonly SinceFormat[];
