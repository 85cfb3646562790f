import type { Dialect } from './dialect.js';
import { RETRY_AFTER, TOO_MANY, UNAVAILABLE_UNTIL } from './usual.js';

/** GraphQL that says it with a 400; its resets are epoch ms. */
export const linear: Dialect = {
  name: 'linear',
  throttles: [
    { status: 400, when: [{ body: 'errors.*.extensions.code', is: ['RATELIMITED'] }], scope: 'credential' },
    { ...TOO_MANY, scope: 'credential' },
    UNAVAILABLE_UNTIL,
  ],
  waits: [RETRY_AFTER],
  quotas: [
    {
      limit: 'x-ratelimit-requests-limit',
      remaining: 'x-ratelimit-requests-remaining',
      reset: 'x-ratelimit-requests-reset',
      form: 'epoch-milliseconds',
    },
    {
      limit: 'x-ratelimit-complexity-limit',
      remaining: 'x-ratelimit-complexity-remaining',
      reset: 'x-ratelimit-complexity-reset',
      form: 'epoch-milliseconds',
      counts: 'tokens',
    },
  ],
};
