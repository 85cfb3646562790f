import { parseCacheControl, type Directives } from './cache-control.js';
import { fieldValue, type Fields } from './fields.js';
import { targetedDirectives } from './targeted.js';

export type IgnorableDirective = 'no-store' | 'no-cache' | 'private' | 'must-revalidate' | 's-maxage';

/** What the operator says about an upstream's answers, where the upstream leaves room. */
export interface CachePolicy {
  /** `strict`: nothing but the RFCs, so no grace and no ttl of ours, and nothing ignored. */
  readonly profile: 'proxy' | 'strict';
  /** Where the upstream says nothing; 0: refreshMaxAgeMs, if set. */
  readonly ttlMs: number;
  readonly graceMs: number;
  readonly keepMs: number;
  readonly refreshMaxAgeMs: number | undefined;
  /** The operator vouches that answers to requests with credentials are the same for all. */
  readonly shareAuthorized?: boolean;
  /** Not conformant, and told so wherever it has an effect. */
  readonly ignoreDirectives?: readonly IgnorableDirective[];
}

/** The freshness that the operator grants where the upstream names none; undefined when none is configured. */
export function policyTtlMs(policy: CachePolicy): number | undefined {
  if (policy.profile === 'strict') return undefined;
  return policy.ttlMs > 0 ? policy.ttlMs : policy.refreshMaxAgeMs;
}

const SILENCED: Readonly<Record<IgnorableDirective, Partial<Directives>>> = {
  'no-store': { noStore: false },
  'no-cache': { noCache: false, noCacheFields: [] },
  private: { isPrivate: false, privateFields: [] },
  'must-revalidate': { mustRevalidate: false, proxyRevalidate: false },
  's-maxage': { sMaxAgeMs: undefined },
};

/** The directives of a response as far as the operator lets them count. */
export function responseDirectivesOf(responseFields: Fields, policy: CachePolicy): Directives {
  const said = saidBy(responseFields);
  const ignored = ignoredBy(policy);
  return ignored.length === 0
    ? said
    : ignored.reduce<Directives>((kept, name) => ({ ...kept, ...SILENCED[name] }), said);
}

/** Which of the ignored directives this response carries: the answer must say that they were overridden. */
export function overriddenDirectives(responseFields: Fields, policy: CachePolicy): IgnorableDirective[] {
  const ignored = ignoredBy(policy);
  if (ignored.length === 0) return [];
  const said = saidBy(responseFields);
  return ignored.filter((name) => JSON.stringify({ ...said, ...SILENCED[name] }) !== JSON.stringify(said));
}

function saidBy(responseFields: Fields): Directives {
  return targetedDirectives(responseFields) ?? parseCacheControl(fieldValue(responseFields, 'cache-control'));
}

const NOTHING: readonly IgnorableDirective[] = [];

function ignoredBy(policy: CachePolicy): readonly IgnorableDirective[] {
  return policy.profile === 'strict' ? NOTHING : (policy.ignoreDirectives ?? NOTHING);
}
