import type { Dialect } from './dialect.js';
import { MINUTE_MS, RETRY_AFTER, SECOND_MS, TOO_MANY, UNAVAILABLE_UNTIL } from './usual.js';

/** Its reset is the seconds until the next call may be made. */
export const contentful: Dialect = {
  name: 'contentful',
  throttles: [TOO_MANY, UNAVAILABLE_UNTIL],
  waits: [RETRY_AFTER, { field: 'x-contentful-ratelimit-reset', form: 'seconds' }],
  quotas: [
    {
      limit: 'x-contentful-ratelimit-second-limit',
      remaining: 'x-contentful-ratelimit-second-remaining',
      perMs: SECOND_MS,
    },
    {
      limit: 'x-contentful-ratelimit-hour-limit',
      remaining: 'x-contentful-ratelimit-hour-remaining',
      perMs: 60 * MINUTE_MS,
    },
  ],
};
