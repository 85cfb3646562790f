import type { Msg } from '@nats-io/nats-core';
import type { Bus } from './connection.js';

export type HeardReply =
  | { readonly kind: 'reply'; readonly frame: Uint8Array }
  /** Nobody subscribes to the subject. */
  | { readonly kind: 'nobody-there' };

export type HearReply = (heard: HeardReply) => void;

const NO_RESPONDERS = 503;

/**
 * Requests whose askers keep the time themselves: one inbox for all of them. The client's own request makes a timer, two promises and, when
 * it is answered, an error with a stack trace, which together cost more than the message does. A reply subject is used again once it was
 * answered, for the server remembers where a subject leads; one that was not never is: its answer may still come.
 */
export class Replies {
  private readonly inbox: string;
  private readonly waiting = new Map<string, HearReply>();
  private readonly answered: string[] = [];
  private made = 0;

  constructor(private readonly bus: Bus) {
    this.inbox = bus.inbox();
    bus.nc.subscribe(`${this.inbox}.*`, { callback: (_, message) => this.heard(message) });
  }

  /** @returns what ends the waiting. @throws what the client throws, where nothing was sent. */
  ask(subject: string, frame: Uint8Array, hear: HearReply): () => void {
    const reply = this.answered.pop() ?? `${this.inbox}.${(this.made += 1).toString(36)}`;
    this.bus.nc.publish(subject, frame, { reply });
    this.waiting.set(reply, hear);
    return () => {
      if (this.waiting.get(reply) === hear) this.waiting.delete(reply);
    };
  }

  private heard(message: Msg): void {
    const hear = this.waiting.get(message.subject);
    if (hear === undefined) return;
    this.waiting.delete(message.subject);
    this.answered.push(message.subject);
    const { data, headers } = message;
    hear(
      data.byteLength === 0 && headers?.code === NO_RESPONDERS
        ? { kind: 'nobody-there' }
        : { kind: 'reply', frame: data },
    );
  }
}
