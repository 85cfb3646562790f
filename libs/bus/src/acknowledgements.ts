import type { Msg } from '@nats-io/nats-core';
import type { Bus } from './connection.js';
import type { MemberList } from './members.js';

/** Where listeners of an event are asked to say that they have heard it. */
export const ACKNOWLEDGE_TO = 'Penstock-Acknowledge-To';

export interface Expectation {
  /** To be sent with the event. */
  readonly headers: Readonly<Record<string, string>>;
  /** Resolves when every member has acknowledged, or has dropped out of the members. */
  everyone(): Promise<void>;
}

export interface Acknowledgements {
  /** Begins to listen; to be called before the event is published. */
  expect(): Expectation;
  close(): void;
}

interface Waiting {
  readonly heard: Set<string>;
  readonly check: () => void;
}

/**
 * Members drop out by themselves when they cannot renew, which bounds every wait; and such a member knows that it may have missed
 * something, and believes nothing from memory (DESIGN section 5).
 */
export function createAcknowledgements(options: { bus: Bus; members: MemberList }): Acknowledgements {
  return new MemberAcknowledgements(options.bus, options.members);
}

class MemberAcknowledgements implements Acknowledgements {
  private readonly inbox: string;
  private readonly waiting = new Map<string, Waiting>();
  private nextId = 0;
  private readonly subscription;
  private readonly unlisten: () => void;

  constructor(
    bus: Bus,
    private readonly members: MemberList,
  ) {
    this.inbox = bus.inbox();
    this.subscription = bus.nc.subscribe(`${this.inbox}.*`, { callback: (_, message) => this.heard(message) });
    this.unlisten = members.onChanged(() => {
      for (const { check } of this.waiting.values()) check();
    });
  }

  expect(): Expectation {
    const id = (this.nextId += 1).toString(36);
    const heard = new Set<string>();
    let check = (): void => undefined;
    const everyone = new Promise<void>((resolve) => {
      check = (): void => {
        if (this.members.list().every((member) => heard.has(member))) resolve();
      };
    }).finally(() => this.waiting.delete(id));
    this.waiting.set(id, { heard, check });
    return {
      headers: { [ACKNOWLEDGE_TO]: `${this.inbox}.${id}` },
      everyone: () => {
        check();
        return everyone;
      },
    };
  }

  close(): void {
    this.unlisten();
    this.subscription.unsubscribe();
  }

  private heard(message: Msg): void {
    const waiting = this.waiting.get(message.subject.slice(this.inbox.length + 1));
    if (waiting === undefined) return;
    waiting.heard.add(message.string());
    waiting.check();
  }
}
