import { dialectNamed } from '#core';
import type { BackoffPolicy, Dialect, GateConfig, GateSetConfig, RetryPolicies } from '#core';
import type { BackoffConfig, RetryPolicy, UpstreamConfig } from '#contracts';

/** By how much the way to an upstream varies, until it is learned. */
const ASSUMED_SPREAD_MS = 35;

/** The upstream's limits as the gate reads them. */
function gateConfigOf({ limits, pause }: UpstreamConfig, fence: number): GateConfig {
  return {
    windows: limits.windows,
    concurrency: limits.concurrency,
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

export function dialectOf({ limits }: UpstreamConfig): Dialect {
  return dialectNamed(limits.dialect);
}

export function retryPoliciesOf({ retry }: UpstreamConfig): RetryPolicies {
  return { network: policyOf(retry.network), status: [{ ...policyOf(retry.status), match: retry.status.match }] };
}

function policyOf(policy: RetryPolicy): { backoff: BackoffPolicy; maxAttempts: number; maxElapsedMs: number } {
  return { backoff: backoffOf(policy.backoff), maxAttempts: policy.maxAttempts, maxElapsedMs: policy.maxElapsedMs };
}

function backoffOf(config: BackoffConfig): BackoffPolicy {
  const { kind, baseMs, factor, capMs } = config;
  switch (kind) {
    case 'none':
      return { kind };
    case 'fixed':
      return { kind, delayMs: baseMs };
    case 'linear':
    case 'fibonacci':
      return { kind, baseMs, capMs };
    case 'list':
      return { kind, delaysMs: config.listMs ?? [baseMs] };
    case 'exponential':
    case 'full-jitter':
    case 'equal-jitter':
      return { kind, baseMs, factor, capMs };
    case 'decorrelated-jitter':
      return { kind: 'decorrelated', baseMs, capMs };
    case 'header':
      return { kind: 'header-led', otherwise: { kind: 'equal-jitter', baseMs, factor, capMs } };
  }
}
