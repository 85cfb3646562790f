import type { Dialect } from './dialect.js';
import { DAY_MS, MINUTE_MS, RETRY_AFTER, TOO_MANY, UNAVAILABLE_UNTIL } from './usual.js';

/** For each tenant 60 a minute and 5,000 a day, and for the app over all its tenants so many a minute. */
export const xero: Dialect = {
  name: 'xero',
  throttles: [
    { status: 429, when: [{ field: 'x-rate-limit-problem', contains: 'day' }], final: { resetsAtMidnightOf: 'UTC' } },
    TOO_MANY,
    UNAVAILABLE_UNTIL,
  ],
  waits: [RETRY_AFTER],
  quotas: [
    { remaining: 'x-minlimit-remaining', perMs: MINUTE_MS },
    { remaining: 'x-appminlimit-remaining', perMs: MINUTE_MS },
    { remaining: 'x-daylimit-remaining', perMs: DAY_MS },
  ],
};
