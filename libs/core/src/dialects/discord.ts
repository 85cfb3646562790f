import type { Dialect } from './dialect.js';
import { MINUTE_MS, RETRY_AFTER, UNAVAILABLE_UNTIL } from './usual.js';

/** The body's retry_after counts seconds; old documents say ms, which the field Retry-After settles, and is asked first. */
export const discord: Dialect = {
  name: 'discord',
  throttles: [
    { status: 429, when: [{ field: 'x-ratelimit-global', is: ['true'] }], scope: 'credential' },
    { status: 429, when: [{ field: 'x-ratelimit-scope', is: ['global'] }], scope: 'credential' },
    { status: 429, when: [{ body: 'global', is: ['true'] }], scope: 'credential' },
    { status: 429, when: [{ field: 'x-ratelimit-bucket' }], scope: 'bucket' },
    { status: 429, when: [{ field: 'x-ratelimit-scope' }], scope: 'bucket' },
    { status: 429, when: [{ body: 'retry_after' }], scope: 'bucket' },
    // HTML from the network in front of it: the address is banned after 10,000 invalid calls in 10 min.
    { status: 429, scope: 'upstream', waitMs: 10 * MINUTE_MS, grows: true },
    UNAVAILABLE_UNTIL,
  ],
  waits: [RETRY_AFTER, { field: 'x-ratelimit-reset-after', form: 'seconds' }, { body: 'retry_after', form: 'seconds' }],
  // The same quota twice: the one that needs no clock first.
  quotas: [
    {
      limit: 'x-ratelimit-limit',
      remaining: 'x-ratelimit-remaining',
      reset: 'x-ratelimit-reset-after',
      form: 'seconds',
    },
    {
      limit: 'x-ratelimit-limit',
      remaining: 'x-ratelimit-remaining',
      reset: 'x-ratelimit-reset',
      form: 'epoch-seconds',
    },
  ],
};
