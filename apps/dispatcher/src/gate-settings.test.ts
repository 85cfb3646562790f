import { expect, test } from 'vitest';
import { delayOf } from '#core';
import type { RetryPolicies } from '#core';
import { parseConfig } from '#contracts';
import { retryPoliciesOf } from './gate-settings.js';

function policiesOf(retry: string): RetryPolicies {
  const text = `upstreams: { crm: { baseUrl: "https://api.crm.example", retry: ${retry} } }`;
  const parsed = parseConfig(text, { env: {}, fileName: 'penstock.yaml' });
  const upstream = parsed.kind === 'valid' ? parsed.config.upstreams.get('crm') : undefined;
  if (upstream === undefined) throw new Error(`expected the upstream crm, found ${JSON.stringify(parsed)}`);
  return retryPoliciesOf(upstream);
}

/** The second retry after a first of 300 ms, in the middle of every range. */
function secondDelayMs(network: string): number {
  const policies = policiesOf(`{ network: { base: 100ms, cap: 500ms, factor: 3, ${network} } }`);
  return Math.round(delayOf(policies.network.backoff, 2, 300, 0.5));
}

const WANTED: Readonly<Record<string, number>> = {
  none: 0,
  fixed: 100,
  uniform: 300,
  'fixed-randomised': 100,
  linear: 200,
  quadratic: 400,
  exponential: 300,
  'exponential-randomised': 300,
  fibonacci: 100,
  'full-jitter': 150,
  'equal-jitter': 225,
  'partial-jitter': 225,
  'decorrelated-jitter': 500,
  'decorrelated-smooth': 256,
  'header-led': 225,
};

test.each(Object.entries(WANTED))('the policy %s waits as its formula says', (policy, wantedMs) => {
  expect(secondDelayMs(`policy: ${policy}`)).toBe(wantedMs);
});

test('a list is gone through, and its last repeated', () => {
  expect(secondDelayMs('policy: list, list: [1s, 7s]')).toBe(7_000);
  expect(secondDelayMs('policy: list, list: [3s]')).toBe(3_000);
});

test('jitter says how far a randomised policy goes', () => {
  const { backoff } = policiesOf('{ network: { base: 100ms, policy: fixed-randomised, jitter: 10% } }').network;
  expect(delayOf(backoff, 1, 0, 0)).toBeCloseTo(90);
});

test('the route of a rule is matched against the path without its query', () => {
  const [rule] = policiesOf('{ rules: [ { when: { route: "/reports/**" }, policy: none } ] }').rules;
  const { route } = rule?.when ?? {};
  expect(['/reports/1?x=/y', '/reports', '/report', '/x?/reports/1'].map((path) => route?.(path))).toEqual([
    ...[true, true, false, false],
  ]);
});
