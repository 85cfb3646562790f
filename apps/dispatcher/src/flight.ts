import type { FlowingBody } from '#bus';
import type { FailureCode, ResourceRef } from '#contracts';
import type { CallScopes, Entry, Fields, Lane, Version } from '#core';
import type { Kept } from './completions.service.js';

/**
 * - `read`: may be joined by others and stored.
 * - `revalidate`: the asker wants an answer that is sent for after it asked: never joins a flight that has left.
 * - `write`: unsafe; sent once, alone; marks its URL.
 * - `pass`: safe, but neither stored nor joined.
 */
export type Purpose = 'read' | 'revalidate' | 'write' | 'pass';

/** One call that is to bring several resources. */
export interface JointOrder {
  /** Those who want one of them each, as each would ask for it alone. */
  readonly askers: readonly Asker[];
}

/** What an asker wants sent. */
export interface Order extends ResourceRef {
  /** The path without what is a credential in its query: what is stored, told and logged. */
  readonly shownPath: string;
  readonly method: string;
  readonly fields: Fields;
  readonly validators: Fields;
  readonly body: Uint8Array;
  /** Instead of it, where it is still being received: it is taken when it is sent, and can be sent once. */
  readonly upload?: FlowingBody | undefined;
  readonly purpose: Purpose;
  readonly mayStore: boolean;
  readonly hasIdempotencyKey: boolean;
  readonly joint?: JointOrder | undefined;
  /** What it is charged, whatever calls of its path are. */
  readonly cost?: number | undefined;
}

/** `untold`: it is committed, and that could not be told. */
export type Told = Kept | { readonly kind: 'untold'; readonly key: string };

/** How a flight ends for one asker. */
export type FlightEnd =
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** What the upstream said, 304 where the stored entry holds; null where it was not asked. */
      readonly upstreamStatus: number | null;
      readonly fields: Fields;
      readonly body: Uint8Array;
      /** Instead of it, where it is too large to be kept. */
      readonly flow?: FlowingBody | undefined;
      readonly version: Version;
      readonly requestedAt: number;
      readonly receivedAt: number;
      /** Null where it may not be kept. */
      readonly entry: Entry | null;
      /** All that came, where the entry leaves some of it out: for the one whose order was sent. */
      readonly asItCame?: Fields | undefined;
      /** Resolves when it is committed, or never will be. */
      readonly kept: Promise<Told> | null;
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
  /** It was not carried out and never will be by us: another holder may be asked. */
  | { readonly kind: 'handed-over' }
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
  /** For background work, the version that it wants to replace: a newer one makes it moot. Calls are never moot. */
  readonly replaces: { readonly version: Version | null } | null;
  /** A connected client wants the bytes; background work does not. */
  readonly wantsBody: boolean;
  /** Work although it wants the bytes: a deferred answer. It tells its own end. */
  readonly isWork?: true | undefined;
  /** Of work that was handed out before: what may have been tried then. */
  readonly earlier?: Earlier | undefined;
  /** `flight` is absent where the answer came from the store. */
  end(end: FlightEnd, flight: Flight | undefined): void;
}

/** What is known of earlier deliveries, to a holder that may have died since. */
export interface Earlier {
  readonly startedAtMs: number;
}

/** One send that did not bring what was wanted. */
export interface Attempt {
  readonly atMs: number;
  readonly endedAtMs: number;
  /** A status, or the code of a failure. */
  readonly outcome: string;
  readonly waitedMs: number;
}

/**
 * One exchange with the upstream, from the first asker to its end.
 *
 * - `waiting`: in the queue; askers may join and leave. Left when the gate lets it go, or when its last asker has left.
 * - `sent`: on its way; reads may still be joined, and left. Ends answered, ends failed, or goes back to `waiting` (a retry, a throttle),
 *   unless nobody waits for it any more.
 */
export interface Flight {
  readonly id: string;
  readonly order: Order;
  /** The limits that it pays. */
  readonly scopes: CallScopes;
  /** Its place within its lane; kept through retries and throttles. */
  readonly enqueuedAtMs: number;
  lane: Lane;
  askers: Asker[];
  /** Not before this: a retry's back-off. */
  notBeforeMs: number | undefined;
  /** When the first of its askers is to be told; undefined while only background work asks. */
  deadlineMs: number | undefined;
  state:
    | { readonly kind: 'waiting' }
    | { readonly kind: 'sent'; readonly version: Version; readonly takeBack?: AbortController | undefined };
  /** Sends that were answered or failed; a throttled one counts below instead. */
  attempts: number;
  throttles: number;
  firstSentAtMs: number | null;
  /** Send number of the first send: another write to the URL that left after it forbids a repetition. */
  firstSend: number | null;
  lastStatus: number | null;
  previousDelayMs: number;
  /** Set when the stored entry turned out not to be the one that the validators speak of. */
  unconditional: boolean;
  sentAtMs: number | null;
  /** The last of those sends. */
  history: readonly Attempt[];
  /** Why it is not repeated, although its outcome is one that is. */
  givenUp: string | null;
  /** Calls' worth that its last send was charged. */
  charged: number;
}

export function createFlight(
  id: string,
  { asker, scopes, nowMs }: { asker: Asker; scopes: CallScopes; nowMs: number },
): Flight {
  return {
    id,
    order: asker.order,
    scopes,
    enqueuedAtMs: nowMs,
    lane: asker.lane,
    askers: [asker],
    notBeforeMs: undefined,
    deadlineMs: earliestDeadline([asker]),
    state: { kind: 'waiting' },
    attempts: 0,
    throttles: 0,
    firstSentAtMs: asker.earlier?.startedAtMs ?? null,
    firstSend: null,
    lastStatus: null,
    previousDelayMs: 0,
    unconditional: false,
    sentAtMs: null,
    history: [],
    givenUp: null,
    charged: 1,
  };
}

/** The last moment at which sending still helps someone; undefined: there is no last. */
export function latestDeadline(askers: readonly Asker[]): number | undefined {
  const latest = askers.reduce((so, asker) => Math.max(so, asker.deadlineMs), 0);
  return Number.isFinite(latest) ? latest : undefined;
}

export function earliestDeadline(askers: readonly Asker[]): number | undefined {
  const earliest = askers.reduce((so, asker) => Math.min(so, asker.deadlineMs), Infinity);
  return Number.isFinite(earliest) ? earliest : undefined;
}

export function earlier(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.min(one, other);
}

const RANK: Readonly<Record<Lane, number>> = { now: 0, soon: 1, later: 2 };

export function isMoreUrgent(a: Lane, b: Lane): boolean {
  return RANK[a] < RANK[b];
}

/** Its body has gone, or a part of it: there is nothing to send again. */
export function isSpent({ order }: Flight): boolean {
  return order.upload?.isTouched() === true;
}

export function isWrite(flight: Flight): boolean {
  return flight.order.purpose === 'write';
}

/** Background work tells its own end. */
export function isCallOnly(flight: Flight): boolean {
  return flight.askers.every((asker) => asker.wantsBody && asker.isWork !== true);
}
