import type { Dialect } from './dialect.js';
import { RETRY_AFTER, SECOND_MS, UNAVAILABLE_UNTIL } from './usual.js';

/** 5 a second for each base. "you will need to wait 30 seconds before subsequent requests will succeed". */
export const airtable: Dialect = {
  name: 'airtable',
  throttles: [{ status: 429, waitMs: 30 * SECOND_MS }, UNAVAILABLE_UNTIL],
  waits: [RETRY_AFTER],
  quotas: [],
};
