import { describe, expect, it } from 'vitest';
import type { Fields } from '../fields.js';
import { LIMIT_NAME } from '../quotas.js';
import { readThrottle, type ThrottleFound } from '../throttle.js';
import { DIALECTS, dialectNamed } from './all.js';

const NOW_MS = Date.UTC(2026, 4, 4, 12, 0, 0);
const NOW_S = NOW_MS / 1000;
const DATE = ['Date', 'Mon, 04 May 2026 12:00:00 GMT'] as const;
const DAY_MS = 86_400_000;

interface Fixture {
  readonly dialect: string;
  readonly of: string;
  readonly status: number;
  readonly fields?: Fields;
  readonly body?: unknown;
  /** Absent: no throttle. */
  readonly is?: Partial<ThrottleFound>;
}

const secondary = {
  message: 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
};
const google = (reason: string, message = 'Limit'): unknown => ({
  error: { errors: [{ domain: 'usageLimits', reason, message }], code: 403, message },
});

/** What the vendors' servers answer. Several of one kind that differ in one thing show what the verdict hangs on. */
const FIXTURES: readonly Fixture[] = [
  {
    dialect: 'standard',
    of: 'a plain 429',
    status: 429,
    fields: [['Retry-After', '5']],
    is: { waitMs: 5_000, scope: undefined },
  },
  { dialect: 'standard', of: 'a 403 with nothing remaining', status: 403, fields: [['X-RateLimit-Remaining', '0']] },
  {
    dialect: 'standard',
    of: 'x-ratelimit-retry-after',
    status: 429,
    fields: [['X-RateLimit-Retry-After', '9']],
    is: { waitMs: 9_000 },
  },

  {
    dialect: 'github',
    of: 'the primary limit',
    status: 403,
    fields: [
      ['X-RateLimit-Limit', '5000'],
      ['X-RateLimit-Remaining', '0'],
      ['X-RateLimit-Reset', String(NOW_S + 1_800)],
      ['X-RateLimit-Resource', 'core'],
    ],
    body: { message: 'API rate limit exceeded for user ID 1.' },
    is: { waitMs: 1_800_000, scope: 'credential', resolutionMs: 1000, source: 'x-ratelimit-reset', grows: false },
  },
  {
    dialect: 'github',
    of: 'the secondary limit, with much remaining and a reset far off',
    status: 403,
    fields: [
      ['X-RateLimit-Remaining', '4711'],
      ['X-RateLimit-Reset', String(NOW_S + 2_400)],
    ],
    body: secondary,
    is: { waitMs: 60_000, grows: true, source: 'github', scope: 'credential' },
  },
  {
    dialect: 'github',
    of: 'the secondary limit with Retry-After',
    status: 403,
    fields: [['Retry-After', '90']],
    body: secondary,
    is: { waitMs: 90_000, grows: false },
  },
  {
    dialect: 'github',
    of: 'a 403 for want of permission',
    status: 403,
    fields: [['X-RateLimit-Remaining', '4711']],
    body: { message: 'Resource not accessible by integration' },
  },

  {
    dialect: 'discord',
    of: 'a bucket',
    status: 429,
    fields: [
      ['X-RateLimit-Bucket', 'abcd1234'],
      ['X-RateLimit-Scope', 'user'],
      ['X-RateLimit-Remaining', '0'],
      ['X-RateLimit-Reset-After', '1.337'],
    ],
    body: { message: 'You are being rate limited.', retry_after: 1.336, global: false },
    is: { waitMs: 1_337, scope: 'bucket' },
  },
  {
    dialect: 'discord',
    of: 'the wait in the body alone',
    status: 429,
    body: { message: 'You are being rate limited.', retry_after: 64.57, global: false },
    is: { waitMs: 64_570, scope: 'bucket', source: 'retry_after', raw: '64.57' },
  },
  {
    dialect: 'discord',
    of: 'the global limit',
    status: 429,
    fields: [
      ['Retry-After', '65'],
      ['X-RateLimit-Global', 'true'],
    ],
    body: { message: 'You are being rate limited.', retry_after: 64.57, global: true },
    is: { waitMs: 65_000, scope: 'credential' },
  },
  {
    dialect: 'discord',
    of: 'a ban told in HTML',
    status: 429,
    body: '<html>Access denied</html>',
    is: { waitMs: 600_000, scope: 'upstream', grows: true },
  },

  {
    dialect: 'stripe',
    of: 'an endpoint',
    status: 429,
    fields: [['Stripe-Rate-Limited-Reason', 'endpoint-concurrency']],
    is: { waitMs: undefined, scope: 'bucket' },
  },
  {
    dialect: 'stripe',
    of: 'the account',
    status: 429,
    fields: [['Stripe-Rate-Limited-Reason', 'global-rate']],
    is: { scope: 'credential', source: 'none' },
  },
  {
    dialect: 'stripe',
    of: 'a lock',
    status: 429,
    body: { error: { code: 'lock_timeout', type: 'invalid_request_error' } },
    is: { scope: 'bucket' },
  },

  {
    dialect: 'shopify',
    of: 'REST',
    status: 429,
    fields: [
      ['X-Shopify-Shop-Api-Call-Limit', '40/40'],
      ['Retry-After', '2.0'],
    ],
    is: { waitMs: 2_000, scope: 'credential' },
  },
  {
    dialect: 'shopify',
    of: 'REST without Retry-After: a full bucket does not have to run empty',
    status: 429,
    fields: [['X-Shopify-Shop-Api-Call-Limit', '40/40']],
    is: { waitMs: undefined },
  },
  {
    dialect: 'shopify',
    of: 'GraphQL, by what is lacking',
    status: 200,
    body: {
      errors: [{ message: 'Throttled', extensions: { code: 'THROTTLED' } }],
      extensions: {
        cost: {
          requestedQueryCost: 992,
          actualQueryCost: null,
          throttleStatus: { maximumAvailable: 2000, currentlyAvailable: 392, restoreRate: 100 },
        },
      },
    },
    is: { waitMs: 6_000, scope: 'credential' },
  },
  {
    dialect: 'shopify',
    of: 'a GraphQL error of another kind',
    status: 200,
    body: { errors: [{ extensions: { code: 'ACCESS_DENIED' } }] },
  },

  {
    dialect: 'salesforce',
    of: 'the organisation’s calls',
    status: 403,
    body: [{ message: 'TotalRequests Limit exceeded.', errorCode: 'REQUEST_LIMIT_EXCEEDED' }],
    is: { waitMs: undefined, final: false },
  },
  { dialect: 'salesforce', of: 'a 403 of another kind', status: 403, body: [{ errorCode: 'INSUFFICIENT_ACCESS' }] },

  {
    dialect: 'hubspot',
    of: 'the day',
    status: 429,
    body: { status: 'error', errorType: 'RATE_LIMIT', policyName: 'DAILY' },
    is: { waitMs: DAY_MS / 2, final: true, scope: 'credential' },
  },
  {
    dialect: 'hubspot',
    of: 'a second',
    status: 429,
    body: { errorType: 'RATE_LIMIT', policyName: 'SECONDLY' },
    is: { waitMs: 1_000, final: false },
  },
  {
    dialect: 'hubspot',
    of: 'the rolling ten seconds',
    status: 429,
    body: { errorType: 'RATE_LIMIT', policyName: 'TEN_SECONDLY_ROLLING' },
    is: { waitMs: 10_000, final: false },
  },

  {
    dialect: 'jira',
    of: 'a burst',
    status: 429,
    fields: [
      ['Retry-After', '4'],
      ['RateLimit-Reason', 'jira-burst-based'],
    ],
    is: { waitMs: 4_000, scope: 'bucket' },
  },
  {
    dialect: 'jira',
    of: 'the quota, its reset in minutes',
    status: 429,
    fields: [
      DATE,
      ['RateLimit-Reason', 'jira-quota-tenant-based'],
      ['X-RateLimit-Remaining', '0'],
      ['X-RateLimit-Reset', '2026-05-04T12:31Z'],
    ],
    is: { waitMs: 31 * 60_000, scope: 'upstream', resolutionMs: 1000 },
  },
  {
    dialect: 'jira',
    of: 'a reset in the past',
    status: 429,
    fields: [DATE, ['X-RateLimit-Remaining', '0'], ['X-RateLimit-Reset', '2026-05-04T11:59Z']],
    is: { waitMs: undefined, ignored: [{ field: 'x-ratelimit-reset', value: '2026-05-04T11:59Z' }] },
  },
  {
    dialect: 'jira',
    of: 'the structured field in trial',
    status: 429,
    fields: [['Beta-RateLimit', '"global-app-quota";r=0;t=120']],
    is: { waitMs: 120_000 },
  },
  { dialect: 'jira', of: 'a 500 with Retry-After', status: 500, fields: [['Retry-After', '3']], is: { waitMs: 3_000 } },
  { dialect: 'jira', of: 'a plain 500', status: 500 },
  {
    dialect: 'jira-data-center',
    of: 'a Retry-After of nothing',
    status: 429,
    fields: [
      ['Retry-After', '0'],
      ['X-RateLimit-Interval-Seconds', '60'],
      ['X-RateLimit-FillRate', '10'],
    ],
    is: { waitMs: undefined, ignored: [{ field: 'retry-after', value: '0' }], scope: 'credential' },
  },

  {
    dialect: 'slack',
    of: 'a method',
    status: 429,
    fields: [['Retry-After', '30']],
    is: { waitMs: 30_000, scope: 'bucket' },
  },
  {
    dialect: 'slack',
    of: 'an answer that says ok: false',
    status: 200,
    fields: [['Retry-After', '10']],
    body: { ok: false, error: 'ratelimited' },
    is: { waitMs: 10_000, scope: 'bucket' },
  },
  { dialect: 'slack', of: 'another error', status: 200, body: { ok: false, error: 'channel_not_found' } },
  { dialect: 'slack', of: 'a text that says so', status: 200, body: { ok: true, error: 'ratelimited' } },

  {
    dialect: 'zendesk',
    of: 'plain text without a field',
    status: 429,
    body: 'Number of allowed API requests per minute exceeded',
    is: { waitMs: undefined },
  },
  {
    dialect: 'zendesk',
    of: 'an endpoint',
    status: 429,
    fields: [
      ['RateLimit-Limit', '700'],
      ['RateLimit-Remaining', '612'],
      ['RateLimit-Reset', '18'],
      ['Zendesk-RateLimit-Tickets-Index', 'total=100; remaining=0; resets=41'],
    ],
    is: { waitMs: 41_000, scope: 'bucket', source: 'zendesk-ratelimit-tickets-index' },
  },
  {
    dialect: 'zendesk',
    of: 'the account and an endpoint',
    status: 429,
    fields: [
      ['RateLimit-Remaining', '0'],
      ['RateLimit-Reset', '18'],
      ['Zendesk-RateLimit-Tickets-Index', 'total=100; remaining=0; resets=41'],
    ],
    is: { waitMs: 41_000, scope: 'upstream' },
  },
  {
    dialect: 'zendesk',
    of: 'the account',
    status: 429,
    fields: [
      ['RateLimit-Remaining', '0'],
      ['RateLimit-Reset', '18'],
      ['Zendesk-RateLimit-Tickets-Index', 'total=100; remaining=99; resets=41'],
    ],
    is: { waitMs: 18_000, scope: 'upstream' },
  },

  {
    dialect: 'google',
    of: 'the API',
    status: 403,
    body: google('rateLimitExceeded'),
    is: { waitMs: undefined, scope: 'upstream', final: false, ignored: [] },
  },
  {
    dialect: 'google',
    of: 'a user',
    status: 403,
    body: google('userRateLimitExceeded', 'User-rate limit exceeded.  Retry after 2026-05-04T12:15:30.500Z'),
    is: { waitMs: 930_500, scope: 'credential', source: 'error.message' },
  },
  {
    dialect: 'google',
    of: 'the day, which ends at midnight in California',
    status: 403,
    body: google('dailyLimitExceeded'),
    is: { waitMs: 19 * 3_600_000, final: true },
  },
  { dialect: 'google', of: 'a 403 for want of permission', status: 403, body: google('forbidden') },
  {
    dialect: 'microsoft-graph',
    of: 'a service',
    status: 429,
    fields: [['Retry-After', '17']],
    body: { error: { code: 'TooManyRequests' } },
    is: { waitMs: 17_000 },
  },

  {
    dialect: 'xero',
    of: 'the minute',
    status: 429,
    fields: [
      ['X-Rate-Limit-Problem', 'minute'],
      ['Retry-After', '27'],
      ['X-MinLimit-Remaining', '0'],
    ],
    is: { waitMs: 27_000, final: false },
  },
  {
    dialect: 'xero',
    of: 'the day, its reset told',
    status: 429,
    fields: [
      ['X-Rate-Limit-Problem', 'day'],
      ['Retry-After', '40000'],
    ],
    is: { waitMs: 40_000_000, final: true },
  },
  {
    dialect: 'airtable',
    of: 'a base',
    status: 429,
    body: { errors: [{ error: 'RATE_LIMIT_REACHED' }] },
    is: { waitMs: 30_000, source: 'airtable' },
  },
  {
    dialect: 'toggl',
    of: 'the quota',
    status: 402,
    fields: [
      ['X-Toggl-Quota-Resets-In', '1800'],
      ['X-Toggl-Quota-Remaining', '0'],
    ],
    is: { waitMs: 1_800_000 },
  },
  {
    dialect: 'linear',
    of: 'a 400',
    status: 400,
    fields: [
      ['X-RateLimit-Requests-Remaining', '0'],
      ['X-RateLimit-Requests-Reset', String(NOW_MS + 90_250)],
    ],
    body: { errors: [{ message: 'Rate limit exceeded', extensions: { code: 'RATELIMITED' } }] },
    is: { waitMs: 90_250, resolutionMs: 1, scope: 'credential' },
  },
  {
    dialect: 'linear',
    of: 'a 400 of another kind',
    status: 400,
    body: { errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] },
  },

  {
    dialect: 'openai',
    of: 'calls and tokens at once: the one that is spent',
    status: 429,
    fields: [
      ['x-ratelimit-remaining-requests', '59'],
      ['x-ratelimit-reset-requests', '12ms'],
      ['x-ratelimit-remaining-tokens', '0'],
      ['x-ratelimit-reset-tokens', '6m0s'],
    ],
    body: { error: { code: 'rate_limit_exceeded' } },
    is: { waitMs: 360_000, source: 'x-ratelimit-reset-tokens', final: false },
  },
  {
    dialect: 'openai',
    of: 'retry-after-ms',
    status: 429,
    fields: [
      ['retry-after-ms', '478'],
      ['retry-after', '1'],
    ],
    is: { waitMs: 478, source: 'retry-after-ms' },
  },
  {
    dialect: 'openai',
    of: 'an account without money, whatever else is told',
    status: 429,
    fields: [['retry-after', '1']],
    body: { error: { type: 'insufficient_quota', code: 'insufficient_quota' } },
    is: { waitMs: DAY_MS / 2, final: true },
  },
  {
    dialect: 'anthropic',
    of: 'RFC 3339',
    status: 429,
    fields: [
      DATE,
      ['anthropic-ratelimit-requests-remaining', '4'],
      ['anthropic-ratelimit-requests-reset', '2026-05-04T12:00:01Z'],
      ['anthropic-ratelimit-input-tokens-remaining', '0'],
      ['anthropic-ratelimit-input-tokens-reset', '2026-05-04T12:00:42Z'],
    ],
    is: { waitMs: 42_000, source: 'anthropic-ratelimit-input-tokens-reset' },
  },
  {
    dialect: 'attio',
    of: 'an HTTP-date against its own Date',
    status: 429,
    fields: [
      ['Date', 'Mon, 04 May 2026 09:00:00 GMT'],
      ['Retry-After', 'Mon, 04 May 2026 09:00:07 GMT'],
    ],
    is: { waitMs: 7_000, resolutionMs: 1000 },
  },
  {
    dialect: 'okta',
    of: 'epoch seconds against its own Date',
    status: 429,
    fields: [
      ['Date', 'Mon, 04 May 2026 12:10:00 GMT'],
      ['X-Rate-Limit-Remaining', '0'],
      ['X-Rate-Limit-Reset', String(NOW_S + 642)],
    ],
    is: { waitMs: 42_000, scope: 'bucket' },
  },
  {
    dialect: 'lemlist',
    of: 'a JavaScript Date',
    status: 429,
    fields: [
      DATE,
      ['X-RateLimit-Remaining', '0'],
      ['X-RateLimit-Reset', 'Mon May 04 2026 14:00:02 GMT+0200 (Central European Summer Time)'],
    ],
    is: { waitMs: 2_000, resolutionMs: 1000 },
  },
  {
    dialect: 'contentful',
    of: 'seconds',
    status: 429,
    fields: [['X-Contentful-RateLimit-Reset', '1']],
    is: { waitMs: 1_000 },
  },
  {
    dialect: 'xendit',
    of: 'seconds with a fraction',
    status: 429,
    fields: [
      ['Rate-Limit-Remaining', '0'],
      ['Rate-Limit-Reset', '12.345'],
    ],
    is: { waitMs: 12_345 },
  },
];

function bytes(body: unknown): Uint8Array {
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

describe('the answers of each vendor', () => {
  it.each(FIXTURES)('$dialect: $of', ({ dialect, status, fields = [], body = {}, is }) => {
    const reading = readThrottle({ status, fields, body: bytes(body), nowMs: NOW_MS }, dialectNamed(dialect));
    if (is === undefined) expect(reading).toEqual({ kind: 'none' });
    else expect(reading).toMatchObject({ kind: 'throttle', ...is });
  });

  it('stand here for every dialect that is shipped', () => {
    expect([...new Set(FIXTURES.map(({ dialect }) => dialect))].sort()).toEqual(
      DIALECTS.map(({ name }) => name).sort(),
    );
  });
});

describe('every dialect', () => {
  it.each(DIALECTS.map((dialect) => [dialect.name, dialect] as const))(
    '%s takes 429 for a throttle, and a plain 200 for none',
    (_, dialect) => {
      expect(readThrottle({ status: 429, fields: [], nowMs: NOW_MS }, dialect).kind).toBe('throttle');
      expect(readThrottle({ status: 200, fields: [], body: bytes({ ok: true }), nowMs: NOW_MS }, dialect).kind).toBe(
        'none',
      );
      expect(readThrottle({ status: 403, fields: [], body: bytes('no'), nowMs: NOW_MS }, dialect).kind).toBe('none');
    },
  );

  it.each(DIALECTS.map((dialect) => [dialect.name, dialect] as const))(
    '%s names its quotas and windows so that their fields are found',
    (_, { quotas, windows = [], compounds = [], structured = [] }) => {
      const names = [
        ...quotas.flatMap(({ limit, remaining, reset }) => [limit, remaining, reset]),
        ...windows.flatMap(({ limit, per }) => (typeof per === 'number' ? [limit] : [limit, per.field])),
        ...compounds.map((compound) => (compound.shape === 'parameters' ? compound.fieldPrefix : compound.field)),
        ...structured,
      ];
      for (const name of names) expect(name ?? 'limit').toMatch(LIMIT_NAME);
    },
  );

  it.each(DIALECTS.map((dialect) => [dialect.name, dialect] as const))('%s is plain data', (_, dialect) => {
    expect(JSON.parse(JSON.stringify(dialect))).toEqual(dialect);
  });

  it.each(DIALECTS.map((dialect) => [dialect.name, dialect] as const))(
    '%s lets a valid Retry-After win over a reset',
    (_, dialect) => {
      const resets = dialect.quotas.flatMap(({ remaining, reset }): Fields => [
        ...(remaining === undefined ? [] : [[remaining, '0'] as const]),
        ...(reset === undefined ? [] : [[reset, '3000'] as const]),
      ]);
      const fields: Fields = [...resets, ['Retry-After', '33']];
      expect(readThrottle({ status: 429, fields, nowMs: NOW_MS }, dialect)).toMatchObject({ waitMs: 33_000 });
    },
  );
});
