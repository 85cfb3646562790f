import type { Dialect, Fields, GateSet, Headroom, ScopedChange, ScopedLanes, ThrottleReading, Version } from '#core';
import type { Chance, Clock } from '#runtime';
import type { FetchOutcome } from './fetch-outcome.js';
import type { FailedEnd, Flight, Order } from './flight.js';
import type { Joinable } from './joinable.js';
import type { Repetition } from './repetition.js';
import type { UpstreamHealth } from './upstream-health.js';
import type { UpstreamClient } from './upstream.client.js';
import type { WritesSent } from './writes-sent.js';

export type Answered = Extract<FetchOutcome, { kind: 'answered' }>;

export interface LoopOptions {
  readonly fence: number;
  readonly gates: GateSet;
  readonly queue: ScopedLanes<Flight>;
  readonly joinable: Joinable;
  readonly writesSent: WritesSent;
  readonly client: UpstreamClient;
  readonly dialect: Dialect;
  readonly repetition: Repetition;
  readonly health: UpstreamHealth;
  readonly headroom: Headroom;
  /** The upstream's own credential, which replaces the client's. */
  readonly credential: Fields;
  readonly clock: Clock;
  readonly chance: Chance;
  /** Asked in the same tick as each send, and again in that of each write. */
  readonly mayStillSend: () => boolean;
  /** What a call is charged that is answered 304; absent: as any other. */
  readonly notModifiedCost?: number | undefined;
  /** The declared bucket and price of a call, if there are any. */
  chargeOf(order: Order): { bucket: string | undefined; cost: number | undefined };
  /** A newer version is known: refreshing it now would spend a call for nothing. */
  isOvertaken(flight: Flight): boolean;
  /** The upstream's answer is to be kept and handed to those who asked. */
  onAnswered(flight: Flight, answer: Answered, version: Version): void;
  /** The flight ended without an answer. */
  onFailed(flight: Flight, end: FailedEnd): void;
  onChanges(changes: readonly ScopedChange[]): void;
  onSettled(flight: Flight, outcome: FetchOutcome, throttle: ThrottleReading): void;
}
