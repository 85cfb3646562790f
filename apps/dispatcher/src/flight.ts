import type { FailureCode, ResourceRef } from '#contracts';
import type { Entry, Fields, Lane, Version } from '#core';
import type { Kept } from './completions.service.js';

/**
 * - `read`: may be joined by others and stored.
 * - `revalidate`: the asker wants an answer that is sent for after it asked: never joins a flight that has left.
 * - `write`: unsafe; sent once, alone; marks its URL.
 * - `pass`: safe, but neither stored nor joined.
 */
export type Purpose = 'read' | 'revalidate' | 'write' | 'pass';

/** What an asker wants sent. */
export interface Order extends ResourceRef {
  readonly method: string;
  readonly fields: Fields;
  readonly validators: Fields;
  readonly body: Uint8Array;
  readonly purpose: Purpose;
  readonly mayStore: boolean;
  readonly hasIdempotencyKey: boolean;
}

/** How a flight ends for one asker. */
export type FlightEnd =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly fields: Fields;
      readonly body: Uint8Array;
      readonly version: Version;
      readonly requestedAt: number;
      readonly receivedAt: number;
      /** Null where it may not be kept. */
      readonly entry: Entry | null;
      /** Resolves when it is committed, or never will be. */
      readonly kept: Promise<Kept> | null;
      readonly from: 'upstream' | 'store';
      readonly collapsed: boolean;
    }
  | {
      readonly kind: 'failed';
      readonly code: FailureCode;
      readonly detail: string;
      readonly receivedStatus: number | null;
      readonly sent: boolean;
      readonly resumeAtMs: number | null;
    }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'dropped'; readonly reason: 'overtaken' };

export type AnsweredEnd = Extract<FlightEnd, { kind: 'answered' }>;
export type FailedEnd = Extract<FlightEnd, { kind: 'failed' }>;

/** Someone who waits for an answer: a connected client's call, or background work that was pulled. */
export interface Asker {
  readonly id: string;
  readonly lane: Lane;
  /** When it must have been sent; Infinity for background work. */
  readonly deadlineMs: number;
  readonly order: Order;
  /** Version that background work wants to replace: a newer one known makes it moot. */
  readonly replaces: Version | null;
  end(end: FlightEnd, flight: Flight): void;
}

/**
 * One exchange with the upstream, from the first asker to its end.
 *
 * - `waiting`: in the queue; askers may join and leave. Left when the gate lets it go, or when its last asker has left.
 * - `sent`: on its way; reads may still be joined. Ends answered, ends failed, or goes back to `waiting` (a retry, a throttle).
 */
export interface Flight {
  readonly id: string;
  readonly order: Order;
  readonly enqueuedAtMs: number;
  lane: Lane;
  askers: Asker[];
  state: { readonly kind: 'waiting' } | { readonly kind: 'sent'; readonly version: Version };
  /** Sends that were answered or failed; a throttled one counts below instead. */
  attempts: number;
  throttles: number;
  firstSentAtMs: number | null;
  lastStatus: number | null;
  lastFailure: string | null;
  previousDelayMs: number;
  /** Set when the stored entry turned out not to be the one that the validators speak of. */
  unconditional: boolean;
}

export function createFlight(id: string, asker: Asker, nowMs: number): Flight {
  return {
    id,
    order: asker.order,
    enqueuedAtMs: nowMs,
    lane: asker.lane,
    askers: [asker],
    state: { kind: 'waiting' },
    attempts: 0,
    throttles: 0,
    firstSentAtMs: null,
    lastStatus: null,
    lastFailure: null,
    previousDelayMs: 0,
    unconditional: false,
  };
}

/** The last moment at which sending still helps someone. */
export function deadlineOf(flight: Flight): number {
  return flight.askers.reduce((latest, asker) => Math.max(latest, asker.deadlineMs), 0);
}

const RANK: Readonly<Record<Lane, number>> = { now: 0, soon: 1, later: 2 };

export function isMoreUrgent(a: Lane, b: Lane): boolean {
  return RANK[a] < RANK[b];
}

export function isWrite(flight: Flight): boolean {
  return flight.order.purpose === 'write';
}
