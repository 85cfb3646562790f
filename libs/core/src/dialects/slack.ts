import type { Dialect } from './dialect.js';
import { RETRY_AFTER, UNAVAILABLE_UNTIL } from './usual.js';

/** For each method, workspace and app. Some methods say it with ok: false in an answer that was a success. */
export const slack: Dialect = {
  name: 'slack',
  throttles: [
    { status: 429, scope: 'bucket' },
    {
      status: 200,
      when: [
        { body: 'ok', is: ['false'] },
        { body: 'error', is: ['ratelimited', 'rate_limited'] },
      ],
      scope: 'bucket',
    },
    UNAVAILABLE_UNTIL,
  ],
  waits: [RETRY_AFTER],
  quotas: [],
};
