import type { Dialect } from './dialect.js';
import { MINUTE_MS, RETRY_AFTER, UNAVAILABLE_UNTIL } from './usual.js';

/** Primary: so many calls an hour for each user. Secondary: not to be queried; going on into it may end in a ban. */
export const github: Dialect = {
  name: 'github',
  throttles: [
    // "Otherwise, wait for at least one minute before retrying. [...] wait for an exponentially increasing amount of time between retries".
    {
      status: 429,
      when: [{ body: 'message', contains: 'secondary rate limit' }],
      scope: 'credential',
      waitMs: MINUTE_MS,
      grows: true,
    },
    {
      status: 403,
      when: [{ body: 'message', contains: 'secondary rate limit' }],
      scope: 'credential',
      waitMs: MINUTE_MS,
      grows: true,
    },
    {
      status: 403,
      when: [{ body: 'message', contains: 'abuse detection' }],
      scope: 'credential',
      waitMs: MINUTE_MS,
      grows: true,
    },
    {
      status: 403,
      when: [{ field: 'x-ratelimit-remaining', is: ['0'] }],
      scope: 'credential',
      waitMs: MINUTE_MS,
      grows: true,
    },
    { status: 403, when: [{ field: 'retry-after' }], scope: 'credential' },
    { status: 429, scope: 'credential', waitMs: MINUTE_MS, grows: true },
    UNAVAILABLE_UNTIL,
  ],
  waits: [RETRY_AFTER],
  quotas: [
    {
      limit: 'x-ratelimit-limit',
      remaining: 'x-ratelimit-remaining',
      reset: 'x-ratelimit-reset',
      form: 'epoch-seconds',
    },
  ],
};
