import { expect, it } from 'vitest';
import { parseConfig, type LimitsConfig, type UpstreamState } from '#contracts';
import { bucketBudgets, budgetOf, windowsOf } from './plan-budget.js';

function limitsOf(limits: string): LimitsConfig {
  const text = `upstreams: { crm: { baseUrl: 'http://crm.example', limits: ${limits} } }`;
  const parsed = parseConfig(text, { env: {}, fileName: 'penstock.yaml' });
  const config = parsed.kind === 'valid' ? parsed.config.upstreams.get('crm') : undefined;
  if (config === undefined) throw new Error(`expected valid limits: ${limits}`);
  return config.limits;
}

const heard = (more: Partial<UpstreamState>): UpstreamState => ({
  ...{ upstream: 'crm', holder: 'd1', fence: 1, at: 0, state: 'flowing', pausedUntil: null, quotaResetAt: null },
  ...{ pauseReason: null, tokens: null, backgroundRate: 70, queued: { now: 0, soon: 0, later: 0 }, inFlight: 0 },
  ...{ calls: 0, throttles: 0, breaker: { state: 'closed', shed: 0 }, learned: null, scopes: [] },
  ...more,
});

const TWO_WINDOWS = limitsOf("{ windows: [{ limit: 100, per: 1s }, { limit: 3000, per: 1m }], reserve: '20%' }");
const NONE = limitsOf('{}');

it('while calls flow the budget is what the holder tells', () => {
  expect(budgetOf(TWO_WINDOWS, heard({}))).toEqual({ callsPerSecond: 70, from: 'live' });
});

it.each([
  ['nobody holds the upstream', undefined],
  ['it is paused', heard({ state: 'paused' })],
  ['it climbs back', heard({ state: 'ramping' })],
])('while %s the budget is what the tightest window leaves after the reserve', (_, state) => {
  expect(budgetOf(TWO_WINDOWS, state)).toEqual({ callsPerSecond: 40, from: 'configured' });
});

it('without windows the budget is by the limit that was learned, and unknown without that', () => {
  const learned = { perSecond: 10, kind: 'fixed-window', limit: 600, perMs: 60_000 } as const;
  expect(budgetOf(NONE, heard({ state: 'paused', learned }))).toEqual({ callsPerSecond: 8, from: 'learned' });
  expect(windowsOf(NONE, heard({ learned }))).toMatchObject([{ scope: 'upstream', limit: 600, perMs: 60_000 }]);
  expect(budgetOf(NONE, undefined)).toEqual({ callsPerSecond: null, from: 'unknown' });
});

it('a bucket lets through what its tightest window does, and all where it has none', () => {
  const limits = limitsOf(
    "{ reserve: '50%', buckets: [{ name: a, match: '/a', windows: [{ limit: 30, per: 1m }, { limit: 2, per: 1s }] }, { name: b, match: '/b', windows: [{ limit: 1, per: 1s }] }] }",
  );
  expect(bucketBudgets(limits, windowsOf(limits, undefined))).toEqual([
    { name: 'a', callsPerSecond: 0.25 },
    { name: 'b', callsPerSecond: 0.5 },
  ]);
  expect(bucketBudgets(limits, [])).toMatchObject([{ callsPerSecond: Infinity }, { callsPerSecond: Infinity }]);
});
