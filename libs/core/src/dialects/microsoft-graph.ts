import type { Dialect } from './dialect.js';
import { USUAL_QUOTAS } from './standard.js';
import { RETRY_AFTER, TOO_MANY, UNAVAILABLE_UNTIL } from './usual.js';

/** Calls that were refused count, too: each one sent during the wait makes it longer. */
export const microsoftGraph: Dialect = {
  name: 'microsoft-graph',
  throttles: [TOO_MANY, UNAVAILABLE_UNTIL],
  waits: [RETRY_AFTER],
  quotas: USUAL_QUOTAS,
};
