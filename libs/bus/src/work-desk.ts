import type { DeadAttempt } from '#contracts';
import type { Bus } from './connection.js';
import { givenUpOf, publishLetter, type DeadKind, type GivenUp } from './dead-letters.js';
import { decodeJson, deliveryOf, type Decode, type Delivery } from './delivery.js';
import type { Publisher } from './publisher.js';
import { afterFault, type Verdict } from './verdict.js';
import type { FinalWord, WorkMessage } from './work-message.js';

export type WorkOutcome = 'received' | 'redelivered' | 'done' | 'again' | 'dropped' | 'dead' | 'fault' | 'forgotten';

export interface WorkDeskOptions<Message> {
  readonly publisher: Publisher;
  /** Called as messages arrive, without waiting for the one before. */
  readonly handle: (delivery: Delivery<Message>) => Promise<Verdict>;
  /** Throws on what it cannot read. Default: any JSON object. */
  readonly decode?: Decode<Message>;
  /** Told before the letter is written and the work ended. If it throws, the work comes again. */
  readonly onDead?: (givenUp: GivenUp<Message>) => Promise<void>;
  readonly counted?: (outcome: WorkOutcome) => void;
}

export const MAX_DELIVERIES = 10;
const DEAD_RETRY_MS = 1_000;

type Reading<Message> =
  { readonly kind: 'read'; readonly message: Message } | { readonly kind: 'unreadable'; readonly reason: string };

/** From a message to the last word about it: read it, ask the handler, bury what cannot be done. */
export class WorkDesk<Message> {
  private readonly decode: Decode<Message>;

  constructor(
    private readonly bus: Bus,
    private readonly options: WorkDeskOptions<Message>,
    private readonly signal: AbortSignal,
  ) {
    this.decode = options.decode ?? decodeJson;
  }

  /** The handler is called in the same turn as the message arrives, so that `room` can count it. */
  async judge(work: WorkMessage): Promise<FinalWord> {
    const read = this.read(work);
    if (read.kind === 'unreadable') return this.bury(work, { kind: 'undecodable', reason: read.reason, message: null });
    if (work.facts.deliveryCount > MAX_DELIVERIES) {
      const reason = `delivered more than ${MAX_DELIVERIES} times`;
      return this.bury(work, { kind: 'undeliverable', reason, message: read.message });
    }
    const verdict = await this.askHandler(deliveryOf(work, read.message, this.signal));
    if (verdict.kind === 'dead') return this.bury(work, { ...verdict, kind: 'given-up', message: read.message });
    return this.wordOf(work, verdict);
  }

  private read(work: WorkMessage): Reading<Message> {
    try {
      return { kind: 'read', message: this.decode(work.bytes, work.subject) };
    } catch (error) {
      return { kind: 'unreadable', reason: String(error) };
    }
  }

  private async askHandler(delivery: Delivery<Message>): Promise<Verdict> {
    try {
      return await this.options.handle(delivery);
    } catch (error) {
      this.count('fault');
      const { subject, deliveryCount } = delivery;
      this.bus.logger.error({ err: error, subject, deliveryCount }, 'a handler failed; its work comes again');
      return afterFault(deliveryCount);
    }
  }

  private wordOf(work: WorkMessage, verdict: Exclude<Verdict, { kind: 'dead' }>): FinalWord {
    switch (verdict.kind) {
      case 'done':
        this.count('done');
        return { kind: 'ack' };
      case 'again':
        this.count('again');
        return { kind: 'nak', delayMs: verdict.delayMs };
      case 'drop':
        this.count('dropped');
        this.bus.logger.debug({ subject: work.subject, reason: verdict.reason }, 'dropped work');
        return { kind: 'term' };
    }
  }

  /** Told, then written, then ended: after a fall in between it is told and written again, which harms nobody. */
  private async bury(
    work: WorkMessage,
    what: { kind: DeadKind; reason: string; message: Message | null; history?: readonly DeadAttempt[] },
  ): Promise<FinalWord> {
    const givenUp = givenUpOf(this.bus, work, what);
    try {
      await this.options.onDead?.(givenUp);
      const verdict = await publishLetter(this.bus, this.options.publisher, work, givenUp);
      if (verdict !== 'stored') return { kind: 'nak', delayMs: DEAD_RETRY_MS };
    } catch (error) {
      this.bus.logger.error({ err: error, subject: work.subject }, 'could not give work up; it comes again');
      return { kind: 'nak', delayMs: DEAD_RETRY_MS };
    }
    this.count('dead');
    this.bus.logger.warn({ subject: work.subject, kind: what.kind, reason: what.reason }, 'gave work up');
    return { kind: 'term' };
  }

  private count(outcome: WorkOutcome): void {
    this.options.counted?.(outcome);
  }
}
