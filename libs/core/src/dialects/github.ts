import type { Dialect } from './dialect.js';

export const github: Dialect = {
  name: 'github',
  throttles: [
    { status: 429 },
    // The primary limit answers 403 with nothing remaining, the secondary one 403 with Retry-After.
    { status: 403, when: [{ field: 'x-ratelimit-remaining', is: '0' }] },
    { status: 403, when: [{ field: 'retry-after' }] },
    { status: 503, when: [{ field: 'retry-after' }] },
  ],
  waits: [{ field: 'retry-after', form: 'retry-after' }],
  quotas: [
    { limit: 'x-ratelimit-limit', remaining: 'x-ratelimit-remaining', reset: 'x-ratelimit-reset', form: 'auto' },
  ],
  // "Otherwise, wait for at least one minute before retrying" (the secondary limit without fields).
  waitWithoutFieldsMs: 60_000,
};
