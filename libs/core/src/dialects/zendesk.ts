import type { Dialect } from './dialect.js';
import { MINUTE_MS, RETRY_AFTER, TOO_MANY, UNAVAILABLE_UNTIL } from './usual.js';

/** One limit for the account, and one for each of some endpoints, which is told in a field of its own. */
export const zendesk: Dialect = {
  name: 'zendesk',
  throttles: [TOO_MANY, UNAVAILABLE_UNTIL],
  waits: [RETRY_AFTER],
  quotas: [
    {
      limit: 'ratelimit-limit',
      remaining: 'ratelimit-remaining',
      reset: 'ratelimit-reset',
      form: 'seconds',
      scope: 'upstream',
    },
    { limit: 'x-rate-limit', remaining: 'x-rate-limit-remaining', perMs: MINUTE_MS, scope: 'upstream' },
  ],
  compounds: [
    {
      shape: 'parameters',
      fieldPrefix: 'zendesk-ratelimit-',
      limit: 'total',
      remaining: 'remaining',
      reset: 'resets',
      scope: 'bucket',
    },
  ],
};
