import type { Dialect } from './dialect.js';
import { DAY_MS, RETRY_AFTER, SECOND_MS, UNAVAILABLE_UNTIL } from './usual.js';

/** For each portal. The day begins at midnight in the account's time zone, which nothing tells: midnight UTC, and the probes before it. */
export const hubspot: Dialect = {
  name: 'hubspot',
  throttles: [
    {
      status: 429,
      when: [{ body: 'policyName', is: ['DAILY'] }],
      scope: 'credential',
      final: { resetsAtMidnightOf: 'UTC' },
    },
    { status: 429, when: [{ body: 'policyName', is: ['SECONDLY'] }], scope: 'credential', waitMs: SECOND_MS },
    // TEN_SECONDLY_ROLLING, or without a name: the window that every account has is a rolling 10 s.
    { status: 429, scope: 'credential', waitMs: 10 * SECOND_MS },
    UNAVAILABLE_UNTIL,
  ],
  waits: [RETRY_AFTER],
  quotas: [
    { limit: 'x-hubspot-ratelimit-max', remaining: 'x-hubspot-ratelimit-remaining' },
    { limit: 'x-hubspot-ratelimit-secondly', remaining: 'x-hubspot-ratelimit-secondly-remaining', perMs: SECOND_MS },
    { limit: 'x-hubspot-ratelimit-daily', remaining: 'x-hubspot-ratelimit-daily-remaining', perMs: DAY_MS },
  ],
  windows: [
    { limit: 'x-hubspot-ratelimit-max', per: { field: 'x-hubspot-ratelimit-interval-milliseconds', unitMs: 1 } },
    { limit: 'x-hubspot-ratelimit-secondly', per: SECOND_MS },
    { limit: 'x-hubspot-ratelimit-daily', per: DAY_MS },
  ],
};
