import type { Dialect } from './dialect.js';
import { RETRY_AFTER, TOO_MANY, UNAVAILABLE_UNTIL } from './usual.js';

/** The quota of an hour is spent: 402, "payment required". */
export const toggl: Dialect = {
  name: 'toggl',
  throttles: [{ status: 402, scope: 'credential' }, { ...TOO_MANY, scope: 'credential' }, UNAVAILABLE_UNTIL],
  waits: [RETRY_AFTER],
  quotas: [{ remaining: 'x-toggl-quota-remaining', reset: 'x-toggl-quota-resets-in', form: 'seconds' }],
};
