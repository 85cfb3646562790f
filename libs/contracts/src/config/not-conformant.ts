import type { UpstreamConfig } from './penstock-config.js';

/** Whoever overrides what the RFCs demand is told so at each start and each reload. */
export function notConformantWarnings({ id, cache }: UpstreamConfig): string[] {
  const { ignoreDirectives, profile } = cache;
  if (ignoreDirectives.length === 0) return [];
  const setting = `upstreams.${id}.cache.ignoreDirectives: [${ignoreDirectives.join(', ')}]`;
  // RFC 9111 5.2.2: "A cache MUST obey the Cache-Control directives defined in this section."
  return profile === 'strict'
    ? [`${setting} has no effect in cache.profile: strict, which obeys all directives; take one of the two out`]
    : [
        `${setting} does not conform to RFC 9111: what this upstream says is overridden, its answers may be shown to those they were not meant for, and each of them says detail=overridden`,
      ];
}
