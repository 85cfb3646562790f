import type { Dialect } from './dialect.js';
import { RETRY_AFTER, UNAVAILABLE_UNTIL } from './usual.js';

/** Tells no wait: the pause falls back to its own jitter. A lock_timeout is a throttle of one object. */
export const stripe: Dialect = {
  name: 'stripe',
  throttles: [
    {
      status: 429,
      when: [{ field: 'stripe-rate-limited-reason', is: ['global-rate', 'global-concurrency'] }],
      scope: 'credential',
    },
    { status: 429, when: [{ field: 'stripe-rate-limited-reason' }], scope: 'bucket' },
    { status: 429, when: [{ body: 'error.code', is: ['lock_timeout'] }], scope: 'bucket' },
    { status: 429, scope: 'credential' },
    UNAVAILABLE_UNTIL,
  ],
  waits: [RETRY_AFTER],
  quotas: [],
};
