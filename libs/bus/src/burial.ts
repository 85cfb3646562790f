import { singleOf, singleSubjectOf, type Batch, type DeadAttempt } from '#contracts';
import type { Bus } from './connection.js';
import { givenUpOf, publishLetter, type DeadKind, type GivenUp, type LetterPlace } from './dead-letters.js';
import type { Publisher } from './publisher.js';
import type { WorkMessage } from './work-message.js';

export interface BurialOptions<Message> {
  readonly bus: Bus;
  readonly publisher: Publisher;
  /** Told before the letter is written and the work ended. If it throws, the work comes again. */
  readonly onDead: ((givenUp: GivenUp<Message>) => Promise<void>) | undefined;
}

export interface Unfinishable<Message> {
  readonly kind: DeadKind;
  readonly reason: string;
  readonly message: Message | null;
  readonly history?: readonly DeadAttempt[];
}

/** Keeps what cannot be done where people look at what was given up. */
export class Burial<Message> {
  constructor(private readonly options: BurialOptions<Message>) {}

  bury(work: WorkMessage, what: Unfinishable<Message>): Promise<boolean> {
    return this.write(work, what, { subject: work.subject, id: idOf(work) });
  }

  /** One piece of a batch, with a letter of its own, as if it had come alone. */
  buryPart(
    work: WorkMessage,
    { batch, index }: { batch: Batch; index: number },
    what: Omit<Unfinishable<Message>, 'message'>,
  ): Promise<boolean> {
    // A piece with what all share is what the message of one such piece is.
    const message = singleOf(batch, index) as Message;
    const { key } = (batch.items[index] ?? {}) as { readonly key?: unknown };
    const subject = singleSubjectOf(work.subject, typeof key === 'string' ? key : `${work.facts.sequence}-${index}`);
    return this.write(work, { ...what, message }, { subject, id: `${idOf(work)}-${index}` });
  }

  /**
   * Told, then written; whoever asked ends the work after that. After a fall in between it is told and written again, which harms nobody.
   * @returns false when it could not be written: the work must come again.
   */
  private async write(work: WorkMessage, what: Unfinishable<Message>, place: LetterPlace): Promise<boolean> {
    const { bus, publisher, onDead } = this.options;
    const givenUp = givenUpOf(bus, work, place, what);
    try {
      await onDead?.(givenUp);
      if ((await publishLetter(bus, publisher, { work, place, givenUp })) !== 'stored') return false;
    } catch (error) {
      bus.logger.error({ err: error, subject: place.subject }, 'could not give work up; it comes again');
      return false;
    }
    bus.logger.warn({ subject: place.subject, kind: what.kind, reason: what.reason }, 'gave work up');
    return true;
  }
}

const idOf = ({ facts: { stream, sequence } }: WorkMessage): string => `${stream}-${sequence}`;
