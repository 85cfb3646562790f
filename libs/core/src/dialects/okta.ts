import type { Dialect } from './dialect.js';
import { RETRY_AFTER, TOO_MANY, UNAVAILABLE_UNTIL } from './usual.js';

/** For each endpoint of an organisation; epoch seconds of its own clock, so against its Date. */
export const okta: Dialect = {
  name: 'okta',
  throttles: [{ ...TOO_MANY, scope: 'bucket' }, UNAVAILABLE_UNTIL],
  waits: [RETRY_AFTER],
  quotas: [
    {
      limit: 'x-rate-limit-limit',
      remaining: 'x-rate-limit-remaining',
      reset: 'x-rate-limit-reset',
      form: 'epoch-seconds',
    },
  ],
};
