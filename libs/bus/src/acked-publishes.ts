import { JetStreamApiError } from '@nats-io/jetstream';
import { errors, type Msg, type MsgHdrs } from '@nats-io/nats-core';
import type { Bus } from './connection.js';

interface Waiting {
  readonly stored: () => void;
  readonly refused: (error: unknown) => void;
  readonly deadlineMs: number;
  readonly subject: string;
}

interface PubAck {
  readonly error?: { readonly code: number; readonly err_code: number; readonly description: string };
}

const SWEEP_EVERY_MS = 250;
const NO_RESPONDERS = 503;

/**
 * Publishes to streams and hears of each whether it was stored: one inbox for all of them, one timer for all time-outs. The client's own
 * publish makes a request of each, with a timer, a signal and an error that is hardly ever thrown, which costs several times what sending
 * does. Failures are the errors that the client would have thrown.
 */
export class AckedPublishes {
  private readonly inbox: string;
  private readonly waiting = new Map<string, Waiting>();
  private readonly sweeper: NodeJS.Timeout;
  private next = 0;

  constructor(
    private readonly bus: Bus,
    private readonly timeoutMs: number,
  ) {
    this.inbox = bus.inbox();
    bus.nc.subscribe(`${this.inbox}.*`, { callback: (_, msg) => this.heard(msg) });
    this.sweeper = setInterval(() => this.sweep(), SWEEP_EVERY_MS);
    this.sweeper.unref();
  }

  publish(subject: string, payload: string, headers: MsgHdrs | undefined): Promise<void> {
    const token = (this.next += 1).toString(36);
    return new Promise((stored, refused) => {
      this.waiting.set(token, { stored, refused, subject, deadlineMs: this.bus.clock.now() + this.timeoutMs });
      this.bus.nc.publish(subject, payload, {
        reply: `${this.inbox}.${token}`,
        ...(headers === undefined ? {} : { headers }),
      });
    });
  }

  private heard(msg: Msg): void {
    const token = msg.subject.slice(this.inbox.length + 1);
    const waiting = this.waiting.get(token);
    if (waiting === undefined) return;
    this.waiting.delete(token);
    const error = errorOf(msg, waiting.subject);
    if (error === undefined) waiting.stored();
    else waiting.refused(error);
  }

  /** They were put in by time, and so time out in that order. */
  private sweep(): void {
    const nowMs = this.bus.clock.now();
    for (const [token, { deadlineMs, refused }] of this.waiting) {
      if (deadlineMs > nowMs) return;
      this.waiting.delete(token);
      refused(new errors.TimeoutError());
    }
  }
}

function errorOf(msg: Msg, subject: string): unknown {
  if (msg.data.byteLength === 0 && msg.headers?.code === NO_RESPONDERS) return noResponders(subject);
  const { error } = msg.json<PubAck>();
  return error === undefined ? undefined : new JetStreamApiError(error);
}

function noResponders(subject: string): unknown {
  return new errors.RequestError(`no responders: '${subject}'`, { cause: new errors.NoRespondersError(subject) });
}
