import { mayHoldThrottled, retryDecision } from '#core';
import type { RepeatFacts, RetryBudget, RetryDecision, RetryPolicies } from '#core';
import { wouldRepeat } from './fetch-outcome.js';
import type { FetchOutcome } from './fetch-outcome.js';
import { latestDeadline } from './flight.js';
import type { Flight } from './flight.js';
import type { WritesSent } from './writes-sent.js';

export interface RepetitionOptions {
  readonly policies: RetryPolicies;
  readonly budgets: { readonly now: RetryBudget; readonly background: RetryBudget };
  readonly throttledWrites: boolean;
  readonly writesSent: WritesSent;
}

/** Whether a call that came to nothing is sent again, and when: the one place in Penstock that repeats anything. */
export class Repetition {
  constructor(private readonly options: RepetitionOptions) {}

  /** A first send: what retries are measured by. */
  sent(flight: Flight, nowMs: number): void {
    if (flight.attempts === 0 && flight.throttles === 0) this.budgetOf(flight).sent(nowMs);
  }

  /** A throttle was a refusal: what it refused may be held and sent again, writes only where that is configured. */
  mayHoldThrottled(flight: Flight): boolean {
    return mayHoldThrottled({ ...this.repeatFacts(flight), throttledWrites: this.options.throttledWrites });
  }

  /** Undefined: the outcome is none that repeating could change. */
  after(
    flight: Flight,
    outcome: FetchOutcome,
    at: { nowMs: number; chance: number; permittedPerSecond: number },
  ): RetryDecision | undefined {
    if (outcome.kind === 'answered' && outcome.status < 500) return undefined;
    if (outcome.kind === 'failed' && wouldRepeat(outcome)) return undefined;
    const { nowMs, chance, permittedPerSecond } = at;
    return retryDecision({
      ...this.repeatFacts(flight),
      attempts: flight.attempts,
      startedAtMs: flight.firstSentAtMs ?? nowMs,
      nowMs,
      outcome: outcome.kind === 'answered' ? { kind: 'status', status: outcome.status } : { kind: 'network' },
      policies: this.options.policies,
      deadlineMs: latestDeadline(flight.askers),
      previousDelayMs: flight.previousDelayMs,
      chance,
      budget: () => this.budgetOf(flight).spend(permittedPerSecond, nowMs),
    });
  }

  private budgetOf({ lane }: Flight): RetryBudget {
    const { budgets } = this.options;
    return lane === 'now' ? budgets.now : budgets.background;
  }

  private repeatFacts(flight: Flight): RepeatFacts {
    const { method, hasIdempotencyKey, urlHash } = flight.order;
    const since = flight.firstSend;
    const otherWriteSent = since !== null && this.options.writesSent.otherSince(urlHash, flight.id, since);
    return { method, hasIdempotencyKey, otherWriteSent };
  }
}
