import { again, done } from '#bus';
import type { SingleVerdict, WorkContext } from '#bus';
import type { DeferredFetch, FetchWork } from '#contracts';
import type { Clock } from '#runtime';
import type { Announcer } from './announcer.js';
import type { AnswersService } from './answers.service.js';
import { earlierOf } from './attempts.js';
import { deferredAsker } from './deferred-asker.service.js';
import type { DispatchLoop } from './dispatch-loop.service.js';
import { factsOf } from './fetch-facts.js';
import type { RepliesService } from './replies.service.js';

export interface DeferredFetchesOptions {
  readonly loop: Pick<DispatchLoop, 'ask'>;
  readonly answers: Pick<AnswersService, 'fromStore'>;
  readonly replies: Pick<RepliesService, 'keep' | 'isKept'>;
  readonly announcer: Announcer;
  readonly clock: Clock;
}

const UNTOLD_MS = 1_000;
const NOTHING = new Uint8Array(0);

/** Calls of clients that come back for their answer, on their way into the loop: beside the calls of those who wait, and by the same limits. */
export class DeferredFetches {
  constructor(private readonly options: DeferredFetchesOptions) {}

  async fetch(
    work: FetchWork,
    deferred: DeferredFetch,
    delivered: Pick<WorkContext, 'deliveryCount' | 'enqueuedAt'>,
  ): Promise<SingleVerdict> {
    const { loop, answers, replies, announcer, clock } = this.options;
    if (delivered.deliveryCount > 1 && (await replies.isKept(deferred.id))) return this.tellKept(work);
    const found = deferred.purpose === 'read' ? answers.fromStore(work.key, work.have) : undefined;
    const stored = found instanceof Promise ? await found : found;
    return new Promise((resolve) => {
      const earlier = earlierOf(delivered, clock.now());
      const asker = deferredAsker(work, { deferred, announcer, replies, clock, earlier, resolve });
      if (stored !== undefined) asker.end(stored, undefined);
      else loop.ask(asker);
    });
  }

  /** No handler could do it: its client is told so. */
  async givenUp({ upstream, path }: FetchWork, { id }: DeferredFetch, reason: string): Promise<void> {
    const detail = `the call could not be carried out (${reason}); ask again`;
    const kept = await this.options.replies.keep({
      ...{ id, upstream, path, body: NOTHING },
      outcome: { kind: 'failed', code: 'internal', detail, receivedStatus: null, sent: false, resumeAt: null },
    });
    if (!kept) throw new Error(`the end of the deferred answer ${id} could not be kept`);
  }

  /** Whoever did it died before it could say so. */
  private async tellKept(work: FetchWork): Promise<SingleVerdict> {
    const facts = { ...factsOf(work, work.lane, undefined), reason: 'overtaken' as const };
    return (await this.options.announcer.dropped(facts, work.id)) ? done : again(UNTOLD_MS);
  }
}
