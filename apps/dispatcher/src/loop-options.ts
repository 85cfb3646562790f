import type { Dialect, Fields, Gate, GateChange, LaneQueue, RetryBudget, RetryPolicies, Version } from '#core';
import type { Chance, Clock } from '#runtime';
import type { FetchOutcome } from './fetch-outcome.js';
import type { FailedEnd, Flight } from './flight.js';
import type { Joinable } from './joinable.js';
import type { UpstreamClient } from './upstream.client.js';
import type { WritesSent } from './writes-sent.js';

export type Answered = Extract<FetchOutcome, { kind: 'answered' }>;

export interface LoopOptions {
  readonly fence: number;
  readonly gate: Gate;
  readonly queue: LaneQueue<Flight>;
  readonly joinable: Joinable;
  readonly writesSent: WritesSent;
  readonly client: UpstreamClient;
  readonly dialect: Dialect;
  readonly policies: RetryPolicies;
  readonly budgets: { readonly now: RetryBudget; readonly background: RetryBudget };
  readonly throttledWrites: boolean;
  /** The upstream's own credential, which replaces the client's. */
  readonly credential: Fields;
  readonly clock: Clock;
  readonly chance: Chance;
  /** Asked in the same tick as each send, and again in that of each write. */
  readonly mayStillSend: () => boolean;
  /** A newer version is known: refreshing it now would spend a call for nothing. */
  isOvertaken(flight: Flight): boolean;
  /** The upstream's answer is to be kept and handed to those who asked. */
  onAnswered(flight: Flight, answer: Answered, version: Version): void;
  /** The flight ended without an answer. */
  onFailed(flight: Flight, end: FailedEnd): void;
  onChange(change: GateChange): void;
  onSettled(flight: Flight, outcome: FetchOutcome, isThrottle: boolean): void;
}
