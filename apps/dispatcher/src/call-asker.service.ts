import { maskQuery, SHARED_PARTITION } from '#core';
import type { DeskAnswer, FlowingBody } from '#bus';
import type { CallMessage, CallReply } from '#contracts';
import type { Asker, Flight, FlightEnd, Order } from './flight.js';

const NOTHING = new Uint8Array(0);

export interface CallSurroundings {
  readonly nowMs: number;
  /** Names of query parameters that are credentials. */
  readonly credentialQuery: readonly string[];
  readonly upload: FlowingBody | undefined;
  resolve(answer: DeskAnswer): void;
}

/** A connected client's call as the loop knows it. */
export function callAsker(
  message: CallMessage,
  body: Uint8Array,
  { nowMs, credentialQuery, upload, resolve }: CallSurroundings,
): Asker {
  return {
    id: message.id,
    lane: message.lane,
    deadlineMs: nowMs + message.waitLeftMs,
    order: orderOf(message, body, upload, credentialQuery),
    replaces: null,
    wantsBody: true,
    end: (end, flight) => resolve(answerOf(end, queuedMsOf(end, flight, nowMs))),
  };
}

export function deskAnswerOf(reply: CallReply): DeskAnswer {
  return { reply, body: NOTHING };
}

function orderOf(
  message: CallMessage,
  body: Uint8Array,
  upload: FlowingBody | undefined,
  credentialQuery: readonly string[],
): Order {
  const { upstream, path, key, urlHash, partition, variant, method, fields, validators, purpose, mayStore } = message;
  const { hasIdempotencyKey } = message;
  return {
    upstream,
    path,
    // In the shared partition nobody's credential is in it, and it must be possible to ask for it again.
    shownPath: partition === SHARED_PARTITION ? path : maskQuery(path, credentialQuery),
    key,
    urlHash,
    partition,
    variant,
    method,
    fields,
    validators,
    body,
    upload,
    purpose,
    mayStore,
    hasIdempotencyKey,
  };
}

/** Who joined what had left did not wait for that. */
function queuedMsOf(end: FlightEnd, flight: Flight | undefined, askedAtMs: number): number | undefined {
  if (end.kind !== 'answered' || end.from === 'store' || typeof flight?.sentAtMs !== 'number') return undefined;
  return Math.max(0, flight.sentAtMs - askedAtMs);
}

export function answerOf(end: FlightEnd, queuedMs?: number): DeskAnswer {
  switch (end.kind) {
    case 'answered': {
      const { status, upstreamStatus, version, requestedAt, receivedAt, entry, from, collapsed, body, flow } = end;
      // The entry brings its own fields; they need not travel twice.
      const fields = entry === null ? end.fields : (end.asItCame ?? []);
      return {
        reply: {
          kind: 'answered',
          status,
          upstreamStatus,
          fields,
          version,
          requestedAt,
          receivedAt,
          entry,
          from,
          collapsed,
          queuedMs,
          bodyStream: null,
        },
        body,
        flow,
      };
    }
    case 'failed': {
      const { code, detail, receivedStatus, sent, resumeAtMs } = end;
      return deskAnswerOf({ kind: 'failed', code, detail, receivedStatus, sent, resumeAt: resumeAtMs });
    }
    case 'cancelled':
      return deskAnswerOf({ kind: 'cancelled' });
    case 'handed-over':
    case 'dropped':
      return deskAnswerOf({ kind: 'not-holder' });
  }
}
