import type { Dialect } from './dialect.js';
import { RETRY_AFTER, TOO_MANY, UNAVAILABLE_UNTIL } from './usual.js';

/** Its resets are RFC 3339. */
export const anthropic: Dialect = {
  name: 'anthropic',
  throttles: [TOO_MANY, UNAVAILABLE_UNTIL],
  waits: [RETRY_AFTER],
  quotas: [
    {
      limit: 'anthropic-ratelimit-requests-limit',
      remaining: 'anthropic-ratelimit-requests-remaining',
      reset: 'anthropic-ratelimit-requests-reset',
      form: 'auto',
    },
    {
      limit: 'anthropic-ratelimit-tokens-limit',
      remaining: 'anthropic-ratelimit-tokens-remaining',
      reset: 'anthropic-ratelimit-tokens-reset',
      form: 'auto',
      counts: 'tokens',
    },
    {
      limit: 'anthropic-ratelimit-input-tokens-limit',
      remaining: 'anthropic-ratelimit-input-tokens-remaining',
      reset: 'anthropic-ratelimit-input-tokens-reset',
      form: 'auto',
      counts: 'tokens',
    },
    {
      limit: 'anthropic-ratelimit-output-tokens-limit',
      remaining: 'anthropic-ratelimit-output-tokens-remaining',
      reset: 'anthropic-ratelimit-output-tokens-reset',
      form: 'auto',
      counts: 'tokens',
    },
  ],
};
