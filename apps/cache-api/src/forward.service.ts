import { fieldValue, hasPassed, laneByRules, preferOf } from '#core';
import type { Fields, Lane, Version } from '#core';
import type { AskOutcome, EnvelopeMaker, FlowingBody, HolderCalls } from '#bus';
import type { CallMessage, CallReply, FailureCode, ResourceRef } from '#contracts';
import type { ClientCall } from './client-call.js';

export interface ForwardRequest {
  readonly call: ClientCall;
  readonly ref: ResourceRef;
  readonly purpose: CallMessage['purpose'];
  readonly fields: Fields;
  readonly have: Version | null;
  readonly validators: Fields;
  readonly mayStore: boolean;
  /** Absent: as the client and the configuration say. */
  readonly lane?: Lane;
}

export type Forwarded =
  | {
      readonly kind: 'answered';
      readonly reply: Extract<CallReply, { kind: 'answered' }>;
      readonly body: Uint8Array;
      /** Instead of it, where it is too large to be kept: to be read, or dropped. */
      readonly flow: FlowingBody | undefined;
    }
  | {
      readonly kind: 'failed';
      readonly code: FailureCode | 'loop_detected';
      readonly detail: string;
      readonly receivedStatus: number | undefined;
      readonly resumeAtMs: number | undefined;
      /** Nobody can say whether the upstream got it: what is stored of the URL must not be trusted. */
      readonly unknown: boolean;
    }
  | { readonly kind: 'gone' };

const LONGEST_CLIENT_WAIT_MS = 300_000;
const SLACK_MS = 2_000;
const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Puts a call to whoever holds the upstream, and waits for its end. */
export class ForwardService {
  constructor(
    private readonly calls: HolderCalls,
    private readonly envelope: EnvelopeMaker,
  ) {}

  async forward(request: ForwardRequest): Promise<Forwarded> {
    const { call, purpose } = request;
    if (hasPassed(call.fields, call.upstream.viaName)) return loopAt(call);
    const { timeouts } = call.upstream.config;
    const message = this.messageOf(request);
    const outcome = await this.calls.ask(message, call.body, {
      repeatable: purpose !== 'write' && REPEATABLE.has(call.method) && call.upload === undefined,
      deadlineMs: message.waitLeftMs + timeouts.connectMs + timeouts.responseMs + timeouts.bodyMs + SLACK_MS,
      signal: call.signal,
      upload: call.upload,
    });
    return forwardedOf(outcome, request);
  }

  private messageOf(order: ForwardRequest): CallMessage {
    const { call, ref } = order;
    const source =
      call.traceparent === undefined ? { cause: call.id } : { cause: call.id, traceparent: call.traceparent };
    const { id, at, cause, traceparent } = this.envelope(source);
    // No spreads: Node 20 takes microseconds for each property that follows one.
    return {
      id,
      at,
      cause,
      traceparent,
      upstream: ref.upstream,
      path: ref.path,
      key: ref.key,
      urlHash: ref.urlHash,
      partition: ref.partition,
      variant: ref.variant,
      kind: 'call',
      lane: order.lane ?? laneOfCall(call),
      method: call.method,
      purpose: order.purpose,
      fields: order.fields,
      have: order.have,
      validators: order.validators,
      mayStore: order.mayStore,
      hasIdempotencyKey: fieldValue(call.fields, 'idempotency-key') !== undefined,
      waitLeftMs: waitOf(call),
      bodyStream: null,
      configVersion: call.upstream.configVersion,
    };
  }
}

/** Sent on, it would come back once more, and pay for each round. */
function loopAt({ upstream }: ClientCall): Forwarded {
  const { baseUrl } = upstream.config;
  const detail = `the call has been sent to ${baseUrl} already, and came back: Via names ${upstream.viaName}; expected a baseUrl that does not lead here`;
  return {
    ...{ kind: 'failed', code: 'loop_detected', detail, unknown: false },
    receivedStatus: undefined,
    resumeAtMs: undefined,
  };
}

function laneOfCall({ fields, upstream: { config } }: ClientCall): Lane {
  return laneByRules(fields, config.lanes, fieldValue(fields, 'priority'), config.defaultLane);
}

/** RFC 7240 4.3: the client says how long it is willing to wait; else the configuration does. */
function waitOf({ fields, upstream: { config } }: ClientCall): number {
  const { waitMs } = preferOf(fieldValue(fields, 'prefer'));
  return Math.min(waitMs ?? config.timeouts.waitMs, LONGEST_CLIENT_WAIT_MS);
}

function forwardedOf(outcome: AskOutcome, { call, purpose }: ForwardRequest): Forwarded {
  if (call.signal.aborted) {
    if (outcome.kind === 'replied') outcome.flow?.drop();
    return { kind: 'gone' };
  }
  if (outcome.kind === 'replied') return repliedOf(outcome);
  const { code, detail } = outcome;
  if (code === 'cancelled') return { kind: 'gone' };
  const unknown = outcome.kind === 'unknown' && purpose === 'write';
  return {
    kind: 'failed',
    code: unknown ? 'outcome_unknown' : code,
    detail: unknown ? `outcome unknown: ${detail}` : detail,
    receivedStatus: undefined,
    resumeAtMs: undefined,
    unknown,
  };
}

function repliedOf({ reply, body, flow }: Extract<AskOutcome, { kind: 'replied' }>): Forwarded {
  switch (reply.kind) {
    case 'answered':
      return { kind: 'answered', reply, body, flow };
    case 'failed': {
      const { code, detail, receivedStatus, resumeAt } = reply;
      return {
        ...{ kind: 'failed', code, detail, unknown: false },
        receivedStatus: receivedStatus ?? undefined,
        resumeAtMs: resumeAt ?? undefined,
      };
    }
    case 'cancelled':
      return { kind: 'gone' };
    case 'sent':
    case 'unknown-call':
    case 'marked':
    case 'not-holder': {
      const detail = `the holder replied ${reply.kind} to a call`;
      return {
        kind: 'failed',
        code: 'internal',
        detail,
        receivedStatus: undefined,
        resumeAtMs: undefined,
        unknown: false,
      };
    }
  }
}
