import type { Dialect } from './dialect.js';
import { DAY_MS, RETRY_AFTER, TOO_MANY, UNAVAILABLE_UNTIL } from './usual.js';

/** So many calls in rolling 24 h, for the whole organisation; no reset is told. */
export const salesforce: Dialect = {
  name: 'salesforce',
  throttles: [
    { status: 403, when: [{ body: '*.errorCode', is: ['REQUEST_LIMIT_EXCEEDED'] }], scope: 'upstream' },
    { status: 403, when: [{ body: 'errorCode', is: ['REQUEST_LIMIT_EXCEEDED'] }], scope: 'upstream' },
    TOO_MANY,
    UNAVAILABLE_UNTIL,
  ],
  waits: [RETRY_AFTER],
  quotas: [],
  compounds: [{ shape: 'used/limit', field: 'sforce-limit-info', parameter: 'api-usage', perMs: DAY_MS, leaks: false }],
};
