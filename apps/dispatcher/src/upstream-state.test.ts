import { createGateSet, SHARED_PARTITION } from '#core';
import { parseConfig } from '#contracts';
import type { UpstreamConfig, UpstreamState } from '#contracts';
import { expect, it } from 'vitest';
import type { Answered } from './loop-options.js';
import { dialectOf, gateSetConfigOf } from './gate-settings.js';
import { readOutcome } from './outcome-reading.js';
import { stateOf } from './upstream-state.js';

const NOON = Date.UTC(2026, 0, 1, 12);
const HOUR_MS = 3_600_000;

function configured(): UpstreamConfig {
  const text = 'upstreams: { ai: { baseUrl: "http://ai.example", limits: { dialect: openai } } }';
  const parsed = parseConfig(text, { env: {}, fileName: 'penstock.yaml' });
  const config = parsed.kind === 'valid' ? parsed.config.upstreams.get('ai') : undefined;
  if (config === undefined) throw new Error(`expected a valid configuration: ${JSON.stringify(parsed)}`);
  return config;
}

/** What is told of an upstream after such an answer. */
function stateAfter(answer: Pick<Answered, 'status' | 'fields'> & { body: string }): UpstreamState {
  const config = configured();
  const gates = createGateSet(gateSetConfigOf(config, 1), () => 0);
  const permit = gates.start(gates.scopesOf({ bucket: undefined, partition: SHARED_PARTITION }), 'now', NOON);
  const outcome = {
    ...({ kind: 'answered', requestedAt: NOON, receivedAt: NOON } as const),
    ...{ ...answer, body: new TextEncoder().encode(answer.body) },
  };
  gates.settle(permit, readOutcome(outcome, { dialect: dialectOf(config) }, NOON).gate, NOON);
  const breaker = { kind: 'closed' } as const;
  const queued = { now: 0, soon: 0, later: 0 };
  return stateOf({ upstream: 'ai', holder: 'me', fence: 1, gates, breaker, queued, nowMs: NOON } as never);
}

const JSON_TYPE: [string, string] = ['Content-Type', 'application/json'];

it('a quota that waiting does not bring back is told as the reason of the pause, with the end that is known of it', () => {
  const body = JSON.stringify({ error: { code: 'insufficient_quota' } });
  const { state, pauseReason, pausedUntil, quotaResetAt } = stateAfter({ status: 429, fields: [JSON_TYPE], body });
  expect([state, pauseReason]).toEqual(['paused', 'quota used up']);
  expect(pausedUntil).toBe(NOON + HOUR_MS);
  expect(quotaResetAt).toBe(NOON + 12 * HOUR_MS);
});

it('any other throttle is told as one', () => {
  const { pauseReason, pausedUntil } = stateAfter({
    status: 429,
    fields: [JSON_TYPE, ['Retry-After', '2']],
    body: '{}',
  });
  expect([pauseReason, pausedUntil]).toEqual(['throttled', NOON + 2_250]);
});
