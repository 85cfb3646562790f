import type { Dialect } from './dialect.js';
import { RETRY_AFTER, TOO_MANY, UNAVAILABLE_UNTIL } from './usual.js';

/** Retry-After is an HTTP-date. */
export const attio: Dialect = {
  name: 'attio',
  throttles: [TOO_MANY, UNAVAILABLE_UNTIL],
  waits: [RETRY_AFTER],
  quotas: [],
};
