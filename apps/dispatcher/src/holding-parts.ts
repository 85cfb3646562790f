import { createBreaker, createRetryBudget, Reservation, ThrottleBudget } from '#core';
import type { UpstreamConfig } from '#contracts';
import { retryPoliciesOf } from './gate-settings.js';
import { Repetition } from './repetition.js';
import { UpstreamHealth } from './upstream-health.js';
import type { WritesSent } from './writes-sent.js';

/** The parts of a holding that follow from the configuration alone. */

export function reservationOf({ limits, timeouts }: UpstreamConfig, onWanted: () => void): Reservation {
  const longestCallMs = timeouts.connectMs + timeouts.responseMs + timeouts.bodyMs;
  return new Reservation({ concurrency: limits.concurrency, longestCallMs, onWanted });
}

export function repetitionOf(config: UpstreamConfig, writesSent: WritesSent): Repetition {
  const { nowBudget, budget, throttledWrites } = config.retry;
  const budgets = { now: createRetryBudget(nowBudget), background: createRetryBudget(budget) };
  return new Repetition({ policies: retryPoliciesOf(config), budgets, throttledWrites, writesSent });
}

export function healthOf({ limits }: UpstreamConfig): UpstreamHealth {
  const { throttleBudget } = limits;
  return new UpstreamHealth(
    createBreaker(),
    throttleBudget === undefined ? undefined : new ThrottleBudget(throttleBudget),
  );
}
