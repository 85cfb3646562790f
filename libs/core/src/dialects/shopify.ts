import type { Dialect } from './dialect.js';
import { RETRY_AFTER, SECOND_MS, UNAVAILABLE_UNTIL } from './usual.js';

/** A bucket for each app and shop that leaks from full to empty in 20 s, whatever the plan: 40 at 2/s, 80 at 4/s, 400 at 20/s. */
export const shopify: Dialect = {
  name: 'shopify',
  throttles: [
    {
      status: 200,
      when: [{ body: 'errors.*.extensions.code', is: ['THROTTLED'] }],
      scope: 'credential',
      waitMs: SECOND_MS,
    },
    { status: 429, scope: 'credential' },
    UNAVAILABLE_UNTIL,
  ],
  waits: [RETRY_AFTER],
  quotas: [],
  compounds: [{ shape: 'used/limit', field: 'x-shopify-shop-api-call-limit', perMs: 20 * SECOND_MS, leaks: true }],
  // GraphQL: each query takes its cost in points.
  points: {
    needed: 'extensions.cost.requestedQueryCost',
    spent: 'extensions.cost.actualQueryCost',
    limit: 'extensions.cost.throttleStatus.maximumAvailable',
    available: 'extensions.cost.throttleStatus.currentlyAvailable',
    restoredPerSecond: 'extensions.cost.throttleStatus.restoreRate',
  },
};
