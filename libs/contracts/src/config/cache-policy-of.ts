import type { CachePolicy } from '#core';
import type { UpstreamConfig } from './penstock-config.js';

/** What the configuration says about keeping an upstream's answers; what is not acted on yet (not-yet.ts) is left out. */
export function cachePolicyOf({ cache, refresh }: Pick<UpstreamConfig, 'cache' | 'refresh'>): CachePolicy {
  return {
    profile: cache.profile,
    ttlMs: cache.ttlMs,
    graceMs: cache.graceMs,
    keepMs: cache.keepMs,
    refreshMaxAgeMs: refresh.maxAgeMs,
    ignoreDirectives: cache.ignoreDirectives,
  };
}
