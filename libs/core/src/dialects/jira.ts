import type { Dialect } from './dialect.js';
import { RETRY_AFTER, TOO_MANY, UNAVAILABLE_UNTIL } from './usual.js';

/** The reason says what the limit covers. Its reset has minutes only, and was seen to lie in the past. */
export const jira: Dialect = {
  name: 'jira',
  throttles: [
    { status: 429, when: [{ field: 'ratelimit-reason', contains: 'burst' }], scope: 'bucket' },
    { status: 429, when: [{ field: 'ratelimit-reason', contains: 'per-issue' }], scope: 'bucket' },
    { status: 429, when: [{ field: 'ratelimit-reason', contains: 'quota' }], scope: 'upstream' },
    TOO_MANY,
    UNAVAILABLE_UNTIL,
    { status: 500, when: [{ field: 'retry-after' }] },
    { status: 502, when: [{ field: 'retry-after' }] },
    { status: 504, when: [{ field: 'retry-after' }] },
  ],
  waits: [RETRY_AFTER],
  structured: ['ratelimit', 'beta-ratelimit'],
  quotas: [
    { limit: 'x-ratelimit-limit', remaining: 'x-ratelimit-remaining', reset: 'x-ratelimit-reset', form: 'auto' },
  ],
};
