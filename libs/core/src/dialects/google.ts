import type { Dialect } from './dialect.js';
import { RETRY_AFTER, TOO_MANY, UNAVAILABLE_UNTIL } from './usual.js';

/** Most of its APIs say it with a 403 and the reason in the body; the quotas of a day begin anew at midnight Pacific time. */
export const google: Dialect = {
  name: 'google',
  throttles: [
    {
      status: 403,
      when: [{ body: 'error.errors.*.reason', is: ['dailyLimitExceeded'] }],
      scope: 'upstream',
      final: { resetsAtMidnightOf: 'America/Los_Angeles' },
    },
    {
      status: 429,
      when: [{ body: 'error.errors.*.reason', is: ['dailyLimitExceeded'] }],
      scope: 'upstream',
      final: { resetsAtMidnightOf: 'America/Los_Angeles' },
    },
    { status: 403, when: [{ body: 'error.errors.*.reason', is: ['userRateLimitExceeded'] }], scope: 'credential' },
    { status: 403, when: [{ body: 'error.errors.*.reason', is: ['rateLimitExceeded'] }], scope: 'upstream' },
    { status: 429, when: [{ body: 'error.errors.*.reason', is: ['userRateLimitExceeded'] }], scope: 'credential' },
    TOO_MANY,
    UNAVAILABLE_UNTIL,
  ],
  waits: [RETRY_AFTER, { body: 'error.message', form: 'sentence' }],
  quotas: [],
};
