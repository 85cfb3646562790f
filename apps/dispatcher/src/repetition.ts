import { fieldValue, mayHoldThrottled, parseHttpDate, readWait, retryDecision } from '#core';
import type { RepeatFacts, RetryBudget, RetryDecision, RetryOutcome, RetryPolicies } from '#core';
import { wouldRepeat } from './fetch-outcome.js';
import type { FetchOutcome } from './fetch-outcome.js';
import { isSpent, latestDeadline } from './flight.js';
import type { Flight } from './flight.js';
import type { Answered } from './loop-options.js';
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
  mayHoldThrottled(flight: Flight, { wasProbe, nowMs }: { wasProbe: boolean; nowMs: number }): boolean {
    if (flight.askers.length === 0 || isSpent(flight)) return false;
    const isHeld = mayHoldThrottled({ ...this.repeatFacts(flight), throttledWrites: this.options.throttledWrites });
    // One probe at a time multiplies nothing.
    if (isHeld && !wasProbe) this.budgetOf(flight).charge(nowMs);
    return isHeld;
  }

  /** Undefined: the outcome is none that repeating could change. */
  after(
    flight: Flight,
    outcome: FetchOutcome,
    at: { nowMs: number; chance: number; permittedPerSecond: number },
  ): RetryDecision | undefined {
    if (outcome.kind === 'answered' && outcome.status < 400) return undefined;
    if (outcome.kind === 'failed' && wouldRepeat(outcome)) return undefined;
    // Whoever asked has left, or what was to be sent is gone.
    if (flight.askers.length === 0 || isSpent(flight)) return undefined;
    const { nowMs, chance, permittedPerSecond } = at;
    return retryDecision({
      ...this.repeatFacts(flight),
      attempts: flight.attempts,
      startedAtMs: flight.firstSentAtMs ?? nowMs,
      nowMs,
      path: flight.order.path,
      outcome: retryOutcomeOf(outcome),
      headerMs: outcome.kind === 'answered' ? retryAfterOf(outcome) : undefined,
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

function retryOutcomeOf(outcome: FetchOutcome): RetryOutcome {
  return outcome.kind === 'answered'
    ? { kind: 'status', status: outcome.status }
    : { kind: 'network', code: outcome.code };
}

/** A date is taken against the answer's own Date, since the two are of one clock. */
function retryAfterOf({ fields, receivedAt }: Answered): number | undefined {
  const value = fieldValue(fields, 'retry-after');
  if (value === undefined) return undefined;
  const sentAtMs = parseHttpDate(fieldValue(fields, 'date') ?? '') ?? receivedAt;
  const wait = readWait(value, 'retry-after', sentAtMs);
  return wait === undefined ? undefined : Math.max(0, wait.waitMs);
}
