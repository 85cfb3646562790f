import type { Msg } from '@nats-io/nats-core';
import {
  decodeFrame,
  encodeFrame,
  INLINE_BODY_BYTES,
  type CallMessage,
  type CallReply,
  type HolderRequest,
} from '#contracts';
import { offerBody, takeBody } from './body-stream.js';
import type { Bus } from './connection.js';
import { passOn, takeFlowing, type FlowingBody } from './flowing-body.js';

export interface DeskAnswer {
  readonly reply: CallReply;
  /** Empty unless the reply is `answered`. */
  readonly body: Uint8Array;
  /** Instead of it, where it comes as it is read. */
  readonly flow?: FlowingBody | undefined;
}

/** `not-holder` promises that the call was not sent and never will be: the asker may put it to another. */
export type DeskHandler = (request: HolderRequest, body: Uint8Array, upload?: FlowingBody) => Promise<DeskAnswer>;

export interface DeskOptions {
  readonly bus: Bus;
  readonly upstream: string;
  readonly fence: number;
  readonly handler: DeskHandler;
  readonly maxRequestBytes?: number;
}

export interface HolderDesk {
  /** From now on calls are answered `not-holder`; cancels and marks still reach the handler. Settled when all who waited are answered. */
  close(): Promise<void>;
}

const NOTHING = new Uint8Array();
const MAX_REQUEST_BYTES = 64 * 1024 * 1024;
const REQUEST_BODY_MS = 30_000;
/** Whoever asked takes what flows at once, or is gone; an upstream waits meanwhile. */
const FLOW_UNTAKEN_MS = 5_000;

/** Where the holder of an upstream takes what it is asked under its fence. */
export function openDesk(options: DeskOptions): HolderDesk {
  return new SubscribedDesk(options);
}

class SubscribedDesk implements HolderDesk {
  private closing = false;
  private readonly pending = new Set<Promise<void>>();
  private readonly subscription;

  constructor(private readonly options: DeskOptions) {
    const { bus, upstream, fence } = options;
    this.subscription = bus.nc.subscribe(bus.subjects.call(upstream, fence), {
      callback: (_, message) => this.take(message),
    });
  }

  async close(): Promise<void> {
    this.closing = true;
    while (this.pending.size > 0) await Promise.all(this.pending);
    if (!this.options.bus.nc.isClosed()) this.subscription.unsubscribe();
  }

  private take(message: Msg): void {
    const answering = this.answer(message).finally(() => this.pending.delete(answering));
    this.pending.add(answering);
  }

  private async answer(message: Msg): Promise<void> {
    const { bus, upstream } = this.options;
    try {
      this.send(message, await this.decide(message.data));
    } catch (error) {
      bus.logger.error({ upstream, error }, 'a request to the holder failed');
      this.send(message, failed(`the holder failed: ${String(error)}`));
    }
  }

  private async decide(frame: Uint8Array): Promise<DeskAnswer> {
    const { bus, upstream, handler } = this.options;
    const read = readRequest(frame, upstream);
    if (typeof read === 'string') {
      bus.logger.warn({ upstream, reason: read }, 'refused a malformed request to the holder');
      return failed(read);
    }
    const { request, body } = read;
    if (request.kind === 'call' && this.closing) return { reply: { kind: 'not-holder' }, body: NOTHING };
    if (request.kind === 'call' && request.bodyFlow !== undefined)
      return handler(request, body, takeFlowing(bus, request.bodyFlow));
    if (request.kind !== 'call' || request.bodyStream === null) return handler(request, body);
    const whole = await this.fetchBody(request.bodyStream);
    return typeof whole === 'string' ? failed(whole) : handler(request, whole);
  }

  /** @returns what is wrong, in words, when the body cannot be had: the call has then not been sent. */
  private async fetchBody(ref: CallMessage['bodyStream'] & object): Promise<Uint8Array | string> {
    const { bus, maxRequestBytes = MAX_REQUEST_BYTES } = this.options;
    try {
      return await takeBody(bus, ref, { timeoutMs: REQUEST_BODY_MS, maxBytes: maxRequestBytes });
    } catch (error) {
      return `the request's body did not arrive: ${String(error)}`;
    }
  }

  private send(message: Msg, answer: DeskAnswer): void {
    const { bus } = this.options;
    const { reply, body, flow } = answer;
    if (!bus.connected()) return flow?.drop();
    if (flow !== undefined && reply.kind === 'answered') {
      const { ref } = passOn({ bus, body: flow, untakenMs: FLOW_UNTAKEN_MS });
      message.respond(encodeFrame({ ...reply, bodyFlow: ref }, NOTHING));
    } else if (reply.kind !== 'answered' || body.byteLength <= INLINE_BODY_BYTES)
      message.respond(encodeFrame(reply, body));
    else message.respond(encodeFrame({ ...reply, bodyStream: offerBody(bus, body).ref }, NOTHING));
  }
}

const failed = (detail: string): DeskAnswer => ({
  reply: { kind: 'failed', code: 'internal', detail, receivedStatus: null, sent: false, resumeAt: null },
  body: NOTHING,
});

const KINDS: readonly string[] = ['call', 'cancel', 'mark'] satisfies HolderRequest['kind'][];

function readRequest(frame: Uint8Array, upstream: string): { request: HolderRequest; body: Uint8Array } | string {
  try {
    const { head, body } = decodeFrame<HolderRequest | null>(frame);
    if (head === null || !KINDS.includes(head.kind) || typeof head.id !== 'string')
      return 'expected a call, cancel or mark with an id';
    if (head.kind !== 'cancel' && head.upstream !== upstream) return `expected a request for ${upstream}`;
    return { request: head, body };
  } catch (error) {
    return String(error);
  }
}
