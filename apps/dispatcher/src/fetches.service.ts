import type { Lane } from '#core';
import { done, each, openDeadShelf } from '#bus';
import type { Bus, GivenUp, SingleVerdict, Verdict, WorkContext } from '#bus';
import { fetchesOf, isBatch } from '#contracts';
import type { FetchBatch, FetchWork } from '#contracts';
import type { Clock } from '#runtime';
import type { Announcer } from './announcer.js';
import type { AnswersService } from './answers.service.js';
import { earlierOf } from './attempts.js';
import { factsOf, factsOfUnread } from './fetch-facts.js';
import { DeferredFetches } from './deferred-fetches.service.js';
import type { DeferredFetchesOptions } from './deferred-fetches.service.js';
import type { DispatchLoop } from './dispatch-loop.service.js';
import type { Asker, Earlier } from './flight.js';
import { JointFetches } from './joint-fetches.service.js';
import type { JointFetchesOptions } from './joint-fetches.service.js';
import type { Recall } from './recall.js';
import { workAsker } from './work-asker.service.js';

export interface FetchesOptions
  extends Pick<DeferredFetchesOptions, 'replies'>, Pick<JointFetchesOptions, 'config' | 'known' | 'logger'> {
  readonly bus: Bus;
  readonly loop: Pick<DispatchLoop, 'ask'>;
  readonly answers: Pick<AnswersService, 'tellUntold' | 'fromStore' | 'keepPart'>;
  readonly recall: Recall;
  readonly announcer: Announcer;
  readonly clock: Clock;
}

type Delivered = Pick<WorkContext, 'deliveryCount' | 'enqueuedAt' | 'finished'>;

const ENDED: Promise<SingleVerdict> = Promise.resolve(done);

/**
 * Background work on its way into the loop. Each piece of a batch is a flight of its own, or one of those that a call is to bring together;
 * each has an end of its own.
 */
export class FetchesService {
  private readonly deferred: DeferredFetches;
  private readonly joint: JointFetches;

  constructor(private readonly options: FetchesOptions) {
    this.deferred = new DeferredFetches(options);
    this.joint = new JointFetches(options);
  }

  async fetch(work: FetchWork | FetchBatch, delivered: Delivered): Promise<Verdict> {
    if (isBatch(work)) return each(this.fetchEach(work, delivered));
    if (work.deferred !== undefined) return this.deferred.fetch(work, work.deferred, delivered);
    return this.ask(work, this.earlierOf(delivered), this.recalled([work], delivered));
  }

  /** What no handler was asked for has an end all the same: whoever reminded of it waits for one. What a handler gave up has told its own. */
  async givenUp({ kind, ...work }: GivenUp<unknown>, lane: Lane): Promise<void> {
    if (kind === 'given-up') return;
    // What could be read on this subject is a fetch.
    const message = work.message as FetchWork | null;
    if (message?.deferred !== undefined) await this.deferred.givenUp(message, message.deferred, work.reason);
    const facts = message === null ? factsOfUnread(work, lane) : factsOf(message, message.lane, undefined);
    const told = await this.options.announcer.dropped({ ...facts, reason: kind }, message?.id ?? work.key);
    if (!told) throw new Error(`the end of ${work.subject} could not be told`);
  }

  private fetchEach(batch: FetchBatch, delivered: Delivered): Promise<SingleVerdict>[] {
    const { finished } = delivered;
    const works = fetchesOf(batch);
    const earlier = this.earlierOf(delivered);
    const recalled = this.recalled(finished.size === 0 ? works : works.filter((_, i) => !finished.has(i)), delivered);
    if (batch.together === undefined)
      return works.map((work, index) => (finished.has(index) ? ENDED : this.ask(work, earlier, recalled)));
    const askers: Asker[] = [];
    const ended = works.map((work, index) =>
      finished.has(index)
        ? ENDED
        : new Promise<SingleVerdict>((resolve) => askers.push(this.askerOf(work, earlier, resolve))),
    );
    this.once(recalled, () => this.joint.ask(askers, batch.together));
    return ended;
  }

  private earlierOf(delivered: Delivered): Earlier | undefined {
    return earlierOf(delivered, this.options.clock.now());
  }

  private recalled(works: readonly FetchWork[], { deliveryCount }: Delivered): Promise<void> | undefined {
    return deliveryCount > 1 ? this.options.recall.look(works) : undefined;
  }

  /** What comes for the first time is asked for in the same turn, so that the room for more work is known. */
  private ask(
    work: FetchWork,
    earlier: Earlier | undefined,
    recalled: Promise<void> | undefined,
  ): Promise<SingleVerdict> {
    return new Promise((resolve) => {
      const asker = this.askerOf(work, earlier, resolve);
      this.once(recalled, () => this.options.loop.ask(asker));
    });
  }

  private once(recalled: Promise<void> | undefined, ask: () => void): void {
    if (recalled === undefined) ask();
    else void recalled.then(ask);
  }

  private askerOf(work: FetchWork, earlier: Earlier | undefined, resolve: (verdict: SingleVerdict) => void): Asker {
    return workAsker(work, {
      announcer: this.options.announcer,
      clock: this.options.clock,
      earlier,
      resolve,
      tellUntold: (key, cause) => this.tellUntold(key, cause),
      forgetLetter: (id) => openDeadShelf(this.options.bus).remove(id),
    });
  }

  private async tellUntold(key: string, cause: string): Promise<boolean> {
    return (await this.options.recall.tell(key, cause)) && this.options.answers.tellUntold(key, cause);
  }
}
