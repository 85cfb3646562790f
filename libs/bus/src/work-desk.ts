import { callsIn, isBatch, type Batch } from '#contracts';
import { Burial, type Unfinishable } from './burial.js';
import type { Bus } from './connection.js';
import type { GivenUp } from './dead-letters.js';
import { decodeJson, deliveryOf, type Decode, type Delivery } from './delivery.js';
import { FinishedParts } from './finished-parts.js';
import type { Publisher } from './publisher.js';
import { afterFault, type Again, type SingleVerdict, type Verdict } from './verdict.js';
import type { FinalWord, WorkMessage } from './work-message.js';

export type WorkOutcome = 'received' | 'redelivered' | 'done' | 'again' | 'dropped' | 'dead' | 'fault' | 'forgotten';

export interface WorkDeskOptions<Message> {
  readonly publisher: Publisher;
  /** Called as messages arrive, without waiting for the one before. */
  readonly handle: (delivery: Delivery<Message>) => Promise<Verdict>;
  /** Throws on what it cannot read. Default: any JSON object. */
  readonly decode?: Decode<Message>;
  /** Told before the letter is written and the work ended, of each piece of a batch. If it throws, the work comes again. */
  readonly onDead?: (givenUp: GivenUp<Message>) => Promise<void>;
  readonly counted?: (outcome: WorkOutcome) => void;
}

export const MAX_DELIVERIES = 10;
const DEAD_RETRY_MS = 1_000;
const UNDELIVERABLE = `delivered more than ${MAX_DELIVERIES} times`;

/** `pieces`: how much work the message is. */
export type Reading<Message> =
  | { readonly kind: 'read'; readonly message: Message; readonly pieces: number }
  | { readonly kind: 'unreadable'; readonly reason: string; readonly pieces: 1 };

/** From a message to the last word about it: read it, ask the handler, bury what cannot be done. */
export class WorkDesk<Message> {
  private readonly decode: Decode<Message>;
  private readonly burial: Burial<Message>;
  private readonly finished = new FinishedParts();

  constructor(
    private readonly bus: Bus,
    private readonly options: WorkDeskOptions<Message>,
    private readonly signal: AbortSignal,
  ) {
    this.decode = options.decode ?? decodeJson;
    this.burial = new Burial({ bus, publisher: options.publisher, onDead: options.onDead });
  }

  read(work: WorkMessage): Reading<Message> {
    try {
      const message = this.decode(work.bytes, work.subject);
      const batch = batchOf(message);
      return { kind: 'read', message, pieces: batch === undefined ? 1 : Math.max(1, callsIn(batch)) };
    } catch (error) {
      return { kind: 'unreadable', reason: String(error), pieces: 1 };
    }
  }

  /** The handler is called in the same turn as the message arrives, so that `room` can count it. */
  async judge(work: WorkMessage, read: Reading<Message>): Promise<FinalWord> {
    if (read.kind === 'unreadable') return this.bury(work, { kind: 'undecodable', reason: read.reason, message: null });
    const { message } = read;
    if (work.facts.deliveryCount > MAX_DELIVERIES) return this.undeliverable(work, message);
    const verdict = await this.askHandler(work, message);
    if (verdict.kind === 'each') return this.judgeEach(work, message, verdict.verdicts);
    if (verdict.kind === 'dead') return this.bury(work, { ...verdict, kind: 'given-up', message });
    return this.wordOf(work, verdict);
  }

  private async askHandler(work: WorkMessage, message: Message): Promise<Verdict> {
    const finished = this.finished.of(work);
    try {
      return await this.options.handle(deliveryOf(work, message, { signal: this.signal, finished }));
    } catch (error) {
      return this.fault(work, error);
    }
  }

  private fault({ subject, facts: { deliveryCount } }: WorkMessage, error: unknown): Again {
    this.count('fault');
    this.bus.logger.error({ err: error, subject, deliveryCount }, 'a handler failed; its work comes again');
    return afterFault(deliveryCount);
  }

  private wordOf(work: WorkMessage, verdict: Exclude<SingleVerdict, { kind: 'dead' }>): FinalWord {
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

  private async judgeEach(
    work: WorkMessage,
    message: Message,
    verdicts: readonly Promise<SingleVerdict>[],
  ): Promise<FinalWord> {
    const batch = batchOf(message);
    if (batch?.items.length !== verdicts.length) {
      const found = `expected a verdict for each of ${batch?.items.length ?? 0} pieces, found ${verdicts.length}`;
      return this.wordOf(work, this.fault(work, new Error(found)));
    }
    const finished = this.finished.of(work);
    const judged = verdicts.map((verdict, index) =>
      finished.has(index) ? ENDED : this.judgePart(work, { batch, index }, verdict),
    );
    return this.wordOfAll(work, await Promise.all(judged));
  }

  /** As soon as it is known: what was given up does not wait for the rest. */
  private async judgePart(
    work: WorkMessage,
    part: { batch: Batch; index: number },
    verdict: Promise<SingleVerdict>,
  ): Promise<FinalWord> {
    const known = await verdict.catch((error: unknown) => this.fault(work, error));
    if (known.kind !== 'dead') return this.wordOf(work, known);
    const { reason, history } = known;
    return this.buryPart(work, part, { kind: 'given-up', reason, history });
  }

  /** The batch comes again for the sake of what has not ended; of the rest nothing is handed out again here. */
  private wordOfAll(work: WorkMessage, words: readonly FinalWord[]): FinalWord {
    const delays = words.map((word) => (word.kind === 'nak' ? word.delayMs : -1));
    const delayMs = Math.max(-1, ...delays);
    if (delayMs < 0) {
      this.finished.forget(work);
      return { kind: 'ack' };
    }
    this.finished.keep(work, new Set(words.flatMap(({ kind }, index) => (kind === 'nak' ? [] : [index]))));
    return { kind: 'nak', delayMs };
  }

  private undeliverable(work: WorkMessage, message: Message): Promise<FinalWord> {
    const what = { kind: 'undeliverable', reason: UNDELIVERABLE } as const;
    const batch = batchOf(message);
    if (batch === undefined) return this.bury(work, { ...what, message });
    return this.buryRest(work, batch, what);
  }

  private async buryRest(
    work: WorkMessage,
    batch: Batch,
    what: Omit<Unfinishable<Message>, 'message'>,
  ): Promise<FinalWord> {
    const finished = this.finished.of(work);
    const buried = batch.items.map((_, index) =>
      finished.has(index) ? ENDED : this.buryPart(work, { batch, index }, what),
    );
    return this.wordOfAll(work, await Promise.all(buried));
  }

  private async buryPart(...[work, part, what]: Parameters<Burial<Message>['buryPart']>): Promise<FinalWord> {
    return this.afterBurial(await this.burial.buryPart(work, part, what));
  }

  private async bury(work: WorkMessage, what: Unfinishable<Message>): Promise<FinalWord> {
    return this.afterBurial(await this.burial.bury(work, what));
  }

  private afterBurial(isBuried: boolean): FinalWord {
    if (!isBuried) return { kind: 'nak', delayMs: DEAD_RETRY_MS };
    this.count('dead');
    return { kind: 'term' };
  }

  private count(outcome: WorkOutcome): void {
    this.options.counted?.(outcome);
  }
}

const ENDED: Promise<FinalWord> = Promise.resolve({ kind: 'ack' });

function batchOf(message: unknown): Batch | undefined {
  return typeof message === 'object' && message !== null && isBatch(message) ? message : undefined;
}
