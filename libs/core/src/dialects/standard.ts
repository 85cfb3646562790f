import type { Dialect, QuotaFields } from './dialect.js';

/** The families that many vendors use: one name means a delta at one and a point in time at another, so each is read by its size. */
export const USUAL_QUOTAS: readonly QuotaFields[] = [
  { limit: 'ratelimit-limit', remaining: 'ratelimit-remaining', reset: 'ratelimit-reset', form: 'auto' },
  { limit: 'x-ratelimit-limit', remaining: 'x-ratelimit-remaining', reset: 'x-ratelimit-reset', form: 'auto' },
  { limit: 'x-rate-limit-limit', remaining: 'x-rate-limit-remaining', reset: 'x-rate-limit-reset', form: 'auto' },
];

export const standard: Dialect = {
  name: 'standard',
  throttles: [{ status: 429 }, { status: 503, when: [{ field: 'retry-after' }] }],
  waits: [
    { field: 'retry-after', form: 'retry-after' },
    { field: 'x-ratelimit-reset-after', form: 'seconds' },
    { field: 'x-ratelimit-retry-after', form: 'retry-after' },
    { field: 'x-retry-after', form: 'retry-after' },
  ],
  quotas: USUAL_QUOTAS,
};
