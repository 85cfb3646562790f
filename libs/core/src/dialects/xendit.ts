import type { Dialect } from './dialect.js';
import { RETRY_AFTER, TOO_MANY, UNAVAILABLE_UNTIL } from './usual.js';

/** Seconds with a fraction. */
export const xendit: Dialect = {
  name: 'xendit',
  throttles: [TOO_MANY, UNAVAILABLE_UNTIL],
  waits: [RETRY_AFTER],
  quotas: [
    { limit: 'rate-limit-limit', remaining: 'rate-limit-remaining', reset: 'rate-limit-reset', form: 'seconds' },
  ],
};
