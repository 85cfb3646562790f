import type { Dialect } from './dialect.js';
import { RETRY_AFTER, SECOND_MS, TOO_MANY, UNAVAILABLE_UNTIL } from './usual.js';

/** A token bucket for each user, on each node. Retry-After may be 0, which tells nothing. */
export const jiraDataCenter: Dialect = {
  name: 'jira-data-center',
  throttles: [{ ...TOO_MANY, scope: 'credential' }, UNAVAILABLE_UNTIL],
  waits: [RETRY_AFTER],
  quotas: [{ limit: 'x-ratelimit-limit', remaining: 'x-ratelimit-remaining' }],
  windows: [{ limit: 'x-ratelimit-fillrate', per: { field: 'x-ratelimit-interval-seconds', unitMs: SECOND_MS } }],
};
