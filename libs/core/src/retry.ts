import { delayOf, type BackoffPolicy } from './backoff.js';
import { isRepeatable, isSafe } from './methods.js';

export interface RetryPolicy {
  readonly backoff: BackoffPolicy;
  /** Counts the first send. */
  readonly maxAttempts: number;
  /** From the first send to the start of the last. */
  readonly maxElapsedMs: number;
}

export interface RetryPolicies {
  /** The first that fits decides; before `network` and `status`. */
  readonly rules: readonly RetryRule[];
  readonly network: RetryPolicy;
  /** The first whose `match` holds the status. */
  readonly status: readonly (RetryPolicy & { readonly match: readonly number[] })[];
}

export type RetryRule = RetryPolicy & { readonly when: RetryCondition };

/** All that is given must hold; of `status` and `error`, where both are given, one. */
export interface RetryCondition {
  readonly status?: readonly number[] | undefined;
  /** Codes of failures: what became of a call that got no answer. */
  readonly error?: readonly string[] | undefined;
  readonly method?: readonly string[] | undefined;
  readonly route?: ((path: string) => boolean) | undefined;
}

/** What a call came to. */
export type RetryOutcome =
  { readonly kind: 'status'; readonly status: number } | { readonly kind: 'network'; readonly code: string };

export interface RepeatFacts {
  readonly method: string;
  readonly hasIdempotencyKey: boolean;
  /** Another write to the same URL has left since this call was first sent. */
  readonly otherWriteSent: boolean;
}

export interface RetryFacts extends RepeatFacts {
  /** Sends so far; one that was throttled is not among them. */
  readonly attempts: number;
  readonly startedAtMs: number;
  readonly nowMs: number;
  readonly path: string;
  readonly outcome: RetryOutcome;
  readonly policies: RetryPolicies;
  readonly deadlineMs: number | undefined;
  readonly previousDelayMs: number;
  /** What the answer's own fields asked for; taken by a header-led policy only. */
  readonly headerMs?: number | undefined;
  /** In [0, 1). */
  readonly chance: number;
  /** Asked last, when all else permits: answers whether the budget pays for one more. */
  readonly budget: () => boolean;
}

export type RetryRefusal =
  'not-configured' | 'not-repeatable' | 'other-write-sent' | 'max-attempts' | 'max-elapsed' | 'deadline' | 'budget';

export type RetryDecision =
  | { readonly kind: 'retry'; readonly atMs: number; readonly delayMs: number }
  | { readonly kind: 'give-up'; readonly reason: RetryRefusal };

/** Whether a call may be sent again after it may have reached the upstream. */
export function mayRepeat(call: RepeatFacts): 'yes' | 'not-repeatable' | 'other-write-sent' {
  if (isSafe(call.method)) return 'yes';
  if (!isRepeatable(call.method, call.hasIdempotencyKey)) return 'not-repeatable';
  // Idempotent, but only alone: repeated after another write to the same URL it would undo that one.
  return call.otherWriteSent ? 'other-write-sent' : 'yes';
}

/** Whether a call that a throttle refused is held and sent again. A refusal was not carried out, so the configuration may permit it. */
export function mayHoldThrottled(call: RepeatFacts & { readonly throttledWrites: boolean }): boolean {
  const permitted = mayRepeat(call);
  return permitted === 'yes' || (permitted === 'not-repeatable' && call.throttledWrites && !call.otherWriteSent);
}

export function retryDecision(facts: RetryFacts): RetryDecision {
  const policy = policyFor(facts);
  if (policy === undefined) return giveUp('not-configured');
  const permitted = mayRepeat(facts);
  if (permitted !== 'yes') return giveUp(permitted);
  if (facts.attempts >= policy.maxAttempts) return giveUp('max-attempts');
  const delayMs = delayFor(policy.backoff, facts);
  const atMs = facts.nowMs + delayMs;
  if (atMs - facts.startedAtMs > policy.maxElapsedMs) return giveUp('max-elapsed');
  if (facts.deadlineMs !== undefined && atMs >= facts.deadlineMs) return giveUp('deadline');
  return facts.budget() ? { kind: 'retry', atMs, delayMs } : giveUp('budget');
}

function delayFor(backoff: BackoffPolicy, { attempts, previousDelayMs, chance, headerMs }: RetryFacts): number {
  if (backoff.kind === 'header-led' && headerMs !== undefined) return headerMs;
  return delayOf(backoff, attempts, previousDelayMs, chance);
}

function policyFor(facts: RetryFacts): RetryPolicy | undefined {
  const general = generalPolicyFor(facts);
  const { rules } = facts.policies;
  return rules.find((rule) => fits(rule.when, facts, general !== undefined)) ?? general;
}

function generalPolicyFor({ outcome, policies }: RetryFacts): RetryPolicy | undefined {
  if (outcome.kind === 'network') return policies.network;
  return policies.status.find((policy) => policy.match.includes(outcome.status));
}

function fits(when: RetryCondition, { method, path, outcome }: RetryFacts, isRetriedAnyway: boolean): boolean {
  if (when.method !== undefined && !when.method.includes(method)) return false;
  if (when.route !== undefined && !when.route(path)) return false;
  // A rule of a route says how what is retried is retried there, not that everything is.
  if (when.status === undefined && when.error === undefined) return isRetriedAnyway;
  if (outcome.kind === 'network') return when.error?.includes(outcome.code) ?? false;
  return when.status?.includes(outcome.status) ?? false;
}

function giveUp(reason: RetryRefusal): RetryDecision {
  return { kind: 'give-up', reason };
}
