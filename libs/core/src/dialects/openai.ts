import type { Dialect } from './dialect.js';
import { RETRY_AFTER, TOO_MANY, UNAVAILABLE_UNTIL } from './usual.js';

/** Two quotas at once, calls and tokens. insufficient_quota is a matter of money, which no wait of the other limits concerns. */
export const openai: Dialect = {
  name: 'openai',
  throttles: [
    {
      status: 429,
      when: [{ body: 'error.code', is: ['insufficient_quota'] }],
      final: { resetsAtMidnightOf: 'UTC', ignoresTold: true },
    },
    {
      status: 429,
      when: [{ body: 'error.type', is: ['insufficient_quota'] }],
      final: { resetsAtMidnightOf: 'UTC', ignoresTold: true },
    },
    TOO_MANY,
    UNAVAILABLE_UNTIL,
  ],
  waits: [{ field: 'retry-after-ms', form: 'milliseconds' }, RETRY_AFTER],
  quotas: [
    {
      limit: 'x-ratelimit-limit-requests',
      remaining: 'x-ratelimit-remaining-requests',
      reset: 'x-ratelimit-reset-requests',
      form: 'auto',
    },
    {
      limit: 'x-ratelimit-limit-tokens',
      remaining: 'x-ratelimit-remaining-tokens',
      reset: 'x-ratelimit-reset-tokens',
      form: 'auto',
      counts: 'tokens',
    },
  ],
};
