import { dialectNamed } from '#core';
import type { BackoffPolicy, Dialect, GateConfig, GateSetConfig, RetryPolicies, RetryRule } from '#core';
import { bucketOf, costOf, globMatch } from '#contracts';
import type { BackoffConfig, RetryRule as RetryRuleConfig, RetryPolicy, UpstreamConfig } from '#contracts';
import type { Order } from './flight.js';

/** By how much the way to an upstream varies, until it is learned. */
const ASSUMED_SPREAD_MS = 35;

/**
 * Of this many slots one is never used. After a death all that were in use count as taken for as long as a call can last, a minute or more:
 * whoever holds next needs one to go on with.
 */
const SPARE_ONE_FROM = 8;

function slotsUsed(concurrency: number): number {
  return concurrency < SPARE_ONE_FROM ? concurrency : concurrency - 1;
}

/** The upstream's limits as the gate reads them. */
function gateConfigOf({ limits, pause }: UpstreamConfig, fence: number): GateConfig {
  return {
    windows: limits.windows,
    concurrency: slotsUsed(limits.concurrency),
    reserveShare: limits.reserve,
    backgroundFloor: limits.backgroundFloor,
    pause: {
      withoutHeader: { baseMs: pause.withoutHeader.baseMs, capMs: pause.withoutHeader.capMs },
      maxMs: pause.maxMs,
      probeAtMax: pause.probeAtMax,
    },
    spreadMs: ASSUMED_SPREAD_MS,
    fence,
  };
}

/** The same with its buckets and credentials. */
export function gateSetConfigOf(config: UpstreamConfig, fence: number): GateSetConfig {
  const { limits, pause } = config;
  return { upstream: gateConfigOf(config, fence), buckets: limits.buckets, per: limits.per, pauseScope: pause.scope };
}

/** The declared bucket and price of a call, if there are any. */
export function chargeOf(
  { limits }: UpstreamConfig,
  { path, cost }: Pick<Order, 'path' | 'cost'>,
): { bucket: string | undefined; cost: number | undefined } {
  return { bucket: bucketOf(limits.buckets, path), cost: cost ?? costOf(limits.costs, path) };
}

export function dialectOf({ limits }: UpstreamConfig): Dialect {
  return dialectNamed(limits.dialect);
}

export function retryPoliciesOf({ retry }: UpstreamConfig): RetryPolicies {
  return {
    rules: retry.rules.map(ruleOf),
    network: policyOf(retry.network),
    status: [{ ...policyOf(retry.status), match: retry.status.match }],
  };
}

function ruleOf(rule: RetryRuleConfig): RetryRule {
  const { route, ...when } = rule.when;
  // The query does not count, as with buckets.
  const isRoute =
    route === undefined ? {} : { route: (path: string) => globMatch(route, path.split('?', 1)[0] ?? '', 'path') };
  return { ...policyOf(rule), when: { ...when, ...isRoute } };
}

function policyOf(policy: RetryPolicy): { backoff: BackoffPolicy; maxAttempts: number; maxElapsedMs: number } {
  return { backoff: backoffOf(policy.backoff), maxAttempts: policy.maxAttempts, maxElapsedMs: policy.maxElapsedMs };
}

/** `base` to `cap` are the bounds of `uniform`; every other policy takes `base` as its unit. */
function backoffOf(config: BackoffConfig): BackoffPolicy {
  const { kind, baseMs, factor, capMs, jitter = 0 } = config;
  switch (kind) {
    case 'none':
      return { kind };
    case 'fixed':
      return { kind, delayMs: baseMs };
    case 'uniform':
      return { kind, minMs: baseMs, maxMs: capMs };
    case 'fixed-randomised':
      return { kind, delayMs: baseMs, spread: jitter };
    case 'linear':
    case 'quadratic':
    case 'fibonacci':
      return { kind, baseMs, capMs };
    case 'list':
      return { kind, delaysMs: config.listMs ?? [baseMs] };
    case 'exponential':
    case 'full-jitter':
    case 'equal-jitter':
    case 'decorrelated-smooth':
      return { kind, baseMs, factor, capMs };
    case 'exponential-randomised':
      return { kind, baseMs, factor, capMs, spread: jitter };
    case 'partial-jitter':
      return { kind, baseMs, factor, capMs, jitter };
    case 'decorrelated-jitter':
      return { kind: 'decorrelated', baseMs, capMs };
    case 'header':
      return { kind: 'header-led', otherwise: { kind: 'equal-jitter', baseMs, factor, capMs } };
  }
}
