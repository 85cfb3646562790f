import type { ThrottleRule, WaitSource } from './dialect.js';

/** RFC 6585 4 and RFC 9110 15.6.4: what every dialect has besides its own. */
export const TOO_MANY: ThrottleRule = { status: 429 };
export const UNAVAILABLE_UNTIL: ThrottleRule = { status: 503, when: [{ field: 'retry-after' }] };
export const RETRY_AFTER: WaitSource = { field: 'retry-after', form: 'retry-after' };

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;
