import { describe, expect, it } from 'vitest';
import type { Announcement } from './announcement.js';
import { dialectNamed } from './dialects/all.js';
import type { Fields } from './fields.js';
import { readAnnouncement } from './read-announcement.js';

const NOW_MS = Date.UTC(2026, 4, 4, 12, 0, 0);
const NOW_S = NOW_MS / 1000;

function announced(dialect: string, fields: Fields, body: unknown = {}): Announcement {
  return readAnnouncement({ fields, body: Buffer.from(JSON.stringify(body)), nowMs: NOW_MS }, dialectNamed(dialect));
}

const nothing = { quotas: [], windows: [], concurrency: undefined, cost: undefined };

describe('RateLimit and RateLimit-Policy', () => {
  it.each([
    ['draft 10', '"burst";r=50;t=30', '"burst";q=100;w=60,"day";q=1000;w=86400'],
    [
      'draft 10 without quotes and with blanks, which is malformed',
      'burst; r = 50;t=30',
      'burst; q="100" ;w=60 , day;q=1000; w=86400',
    ],
  ])('%s: the quota, and the windows that configure themselves', (_, standing, policy) => {
    expect(
      announced('standard', [
        ['RateLimit', standing],
        ['RateLimit-Policy', policy],
      ]),
    ).toEqual({
      ...nothing,
      quotas: [
        { name: 'burst', limit: 100, remaining: 50, resetAtMs: NOW_MS + 30_000, resolutionMs: 1, perMs: 60_000 },
      ],
      windows: [
        { name: 'burst', limit: 100, perMs: 60_000 },
        { name: 'day', limit: 1_000, perMs: 86_400_000 },
      ],
    });
  });

  it('draft 7', () => {
    const fields: Fields = [
      ['RateLimit', 'limit=100, remaining=50, reset=5'],
      ['RateLimit-Policy', '100;w=60'],
    ];
    expect(announced('standard', fields)).toMatchObject({
      quotas: [{ name: 'ratelimit', limit: 100, remaining: 50, resetAtMs: NOW_MS + 5_000, perMs: 60_000 }],
      windows: [{ limit: 100, perMs: 60_000 }],
    });
  });

  it('draft 3, with its windows behind the limit', () => {
    const fields: Fields = [
      ['RateLimit-Limit', '10, 10;w=1, 50;w=60'],
      ['RateLimit-Remaining', '4'],
      ['RateLimit-Reset', '1'],
    ];
    expect(announced('standard', fields)).toMatchObject({
      quotas: [{ limit: 10, remaining: 4, resetAtMs: NOW_MS + 1_000 }],
      windows: [
        { limit: 10, perMs: 1_000 },
        { limit: 50, perMs: 60_000 },
      ],
    });
  });

  it('a policy of calls under way is a concurrency; one of bytes concerns no call', () => {
    const fields: Fields = [
      ['RateLimit-Policy', '"slots";q=8;qu="concurrent-requests", "bytes";q=5000;w=10;qu="content-bytes"'],
      ['RateLimit', '"slots";r=3, "bytes";r=12;t=4'],
    ];
    expect(announced('standard', fields)).toEqual({ ...nothing, concurrency: 8 });
  });

  it.each(['', ';;;', '"burst', '"a";q=-5;w=60', '"a";q=1e9;w=60', '"a";q=5', '"a";q=5;w=0', '\u0000'])(
    '%j declares nothing',
    (value) => {
      expect(announced('standard', [['RateLimit-Policy', value]])).toEqual(nothing);
    },
  );
});

describe('the families of the vendors', () => {
  it('X-RateLimit with epoch seconds', () => {
    const fields: Fields = [
      ['X-RateLimit-Limit', '5000'],
      ['X-RateLimit-Remaining', '4990'],
      ['X-RateLimit-Reset', String(NOW_S + 600)],
    ];
    expect(announced('github', fields).quotas).toEqual([
      {
        name: 'x-ratelimit-remaining',
        limit: 5_000,
        remaining: 4_990,
        resetAtMs: NOW_MS + 600_000,
        resolutionMs: 1000,
        perMs: undefined,
      },
    ]);
  });

  it('a reset that is over, or garbled, is no reset', () => {
    for (const reset of [String(NOW_S - 5), 'soon']) {
      const { quotas } = announced('standard', [
        ['X-RateLimit-Remaining', '1'],
        ['X-RateLimit-Reset', reset],
      ]);
      expect(quotas).toMatchObject([{ remaining: 1, resetAtMs: undefined }]);
      expect(announced('standard', [['X-RateLimit-Reset', reset]])).toEqual(nothing);
    }
  });

  it('discord tells one quota twice: it is one', () => {
    const fields: Fields = [
      ['X-RateLimit-Limit', '5'],
      ['X-RateLimit-Remaining', '4'],
      ['X-RateLimit-Reset-After', '1.5'],
      ['X-RateLimit-Reset', `${NOW_S + 1}.5`],
    ];
    expect(announced('discord', fields).quotas).toMatchObject([{ remaining: 4, resetAtMs: NOW_MS + 1_500 }]);
  });

  it('hubspot: three quotas, and the window whose length is told in ms', () => {
    const fields: Fields = [
      ['X-HubSpot-RateLimit-Max', '100'],
      ['X-HubSpot-RateLimit-Remaining', '42'],
      ['X-HubSpot-RateLimit-Interval-Milliseconds', '10000'],
      ['X-HubSpot-RateLimit-Daily', '250000'],
      ['X-HubSpot-RateLimit-Daily-Remaining', '249000'],
      ['X-HubSpot-RateLimit-Secondly', '10'],
      ['X-HubSpot-RateLimit-Secondly-Remaining', '9'],
    ];
    const { quotas, windows } = announced('hubspot', fields);
    expect(quotas.map(({ remaining, perMs }) => [remaining, perMs])).toEqual([
      [42, undefined],
      [9, 1_000],
      [249_000, 86_400_000],
    ]);
    expect(windows.map(({ limit, perMs }) => [limit, perMs])).toEqual([
      [100, 10_000],
      [10, 1_000],
      [250_000, 86_400_000],
    ]);
  });

  it('shopify: a bucket that leaks from full to empty in 20 s', () => {
    expect(announced('shopify', [['X-Shopify-Shop-Api-Call-Limit', '32/40']])).toMatchObject({
      quotas: [{ limit: 40, remaining: 8, resetAtMs: NOW_MS + 16_000, perMs: 20_000 }],
      windows: [{ limit: 40, perMs: 20_000 }],
    });
  });

  it('shopify GraphQL: what the query did cost, and what is left of the points', () => {
    const throttleStatus = { maximumAvailable: 1000, currentlyAvailable: 954, restoreRate: 50 };
    const body = { data: {}, extensions: { cost: { requestedQueryCost: 101, actualQueryCost: 46, throttleStatus } } };
    expect(announced('shopify', [], body)).toMatchObject({
      cost: 46,
      quotas: [{ limit: 1000, remaining: 954, resetAtMs: NOW_MS + 920, perMs: 20_000 }],
    });
  });

  it('salesforce: used and limit of a day; what stands beside it is another matter', () => {
    const fields: Fields = [['Sforce-Limit-Info', 'api-usage=113/5000000; per-app-api-usage=17/250(appName=sample)']];
    expect(announced('salesforce', fields)).toMatchObject({
      quotas: [{ limit: 5_000_000, remaining: 4_999_887, resetAtMs: undefined, perMs: 86_400_000 }],
      windows: [],
    });
  });

  it('xero: what is left of a minute and of a day', () => {
    const fields: Fields = [
      ['X-MinLimit-Remaining', '59'],
      ['X-AppMinLimit-Remaining', '9997'],
      ['X-DayLimit-Remaining', '4998'],
    ];
    expect(announced('xero', fields).quotas.map(({ remaining, perMs }) => [remaining, perMs])).toEqual([
      [59, 60_000],
      [9_997, 60_000],
      [4_998, 86_400_000],
    ]);
  });

  it('zendesk: the account, and each endpoint by its own name', () => {
    const fields: Fields = [
      ['RateLimit-Limit', '700'],
      ['RateLimit-Remaining', '699'],
      ['RateLimit-Reset', '41'],
      ['Zendesk-RateLimit-Tickets-Index', 'total=100; remaining=99; resets=41'],
      ['Zendesk-RateLimit-Search', 'total=5; remaining=0; resets=3'],
    ];
    expect(announced('zendesk', fields).quotas.map(({ name, limit, remaining }) => [name, limit, remaining])).toEqual([
      ['ratelimit-remaining', 700, 699],
      ['zendesk-ratelimit-tickets-index', 100, 99],
      ['zendesk-ratelimit-search', 5, 0],
    ]);
  });

  it('jira data center: a bucket and how fast it fills', () => {
    const fields: Fields = [
      ['X-RateLimit-Limit', '50'],
      ['X-RateLimit-Remaining', '48'],
      ['X-RateLimit-FillRate', '10'],
      ['X-RateLimit-Interval-Seconds', '5'],
    ];
    expect(announced('jira-data-center', fields)).toMatchObject({
      quotas: [{ limit: 50, remaining: 48 }],
      windows: [{ limit: 10, perMs: 5_000 }],
    });
  });

  it.each([
    [
      'openai',
      [
        ['x-ratelimit-limit-requests', '60'],
        ['x-ratelimit-remaining-requests', '59'],
        ['x-ratelimit-reset-requests', '1s'],
        ['x-ratelimit-limit-tokens', '150000'],
        ['x-ratelimit-reset-tokens', '6m0s'],
      ],
      'x-ratelimit-remaining-tokens',
      360_000,
    ],
    [
      'anthropic',
      [
        ['anthropic-ratelimit-requests-limit', '50'],
        ['anthropic-ratelimit-requests-remaining', '59'],
        ['anthropic-ratelimit-requests-reset', '2026-05-04T12:00:01Z'],
        ['anthropic-ratelimit-tokens-limit', '40000'],
        ['anthropic-ratelimit-tokens-reset', '2026-05-04T12:06:00Z'],
      ],
      'anthropic-ratelimit-tokens-remaining',
      360_000,
    ],
  ] as const)('%s: tokens are no calls, and bind only when none is left', (dialect, fields, tokens, waitMs) => {
    const calls = { remaining: 59, resetAtMs: NOW_MS + 1_000 };
    expect(announced(dialect, [...fields, [tokens, '149984']]).quotas).toMatchObject([calls]);
    expect(announced(dialect, [...fields, [tokens, '0']]).quotas).toMatchObject([
      calls,
      { name: tokens, limit: undefined, remaining: 0, resetAtMs: NOW_MS + waitMs },
    ]);
  });
});

it('an answer without such fields announces nothing', () => {
  for (const dialect of ['standard', 'shopify', 'openai', 'zendesk'])
    expect(
      announced(dialect, [
        ['Content-Type', 'application/json'],
        ['X-RateLimit-Remaining', 'many'],
      ]),
    ).toEqual(nothing);
});
