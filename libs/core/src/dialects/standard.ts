import type { Dialect } from './dialect.js';

export const standard: Dialect = {
  name: 'standard',
  throttles: [{ status: 429 }, { status: 503, when: [{ field: 'retry-after' }] }],
  waits: [
    { field: 'retry-after', form: 'retry-after' },
    { field: 'x-ratelimit-reset-after', form: 'delta-seconds' },
  ],
  quotas: [
    { limit: 'ratelimit-limit', remaining: 'ratelimit-remaining', reset: 'ratelimit-reset', form: 'auto' },
    { limit: 'x-ratelimit-limit', remaining: 'x-ratelimit-remaining', reset: 'x-ratelimit-reset', form: 'auto' },
    { limit: 'x-rate-limit-limit', remaining: 'x-rate-limit-remaining', reset: 'x-rate-limit-reset', form: 'auto' },
  ],
};
