import type { DeferredOutcome } from '#contracts';
import type { Clock, Logger } from '#runtime';
import type { Reply, ReplyRepository, ReplyWriter } from '#store';

export interface RepliesOptions {
  readonly writer: ReplyWriter;
  readonly repository: ReplyRepository;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What a client that was told to come back will find. */
export type DeferredReply = Omit<Reply, 'outcome'> & { readonly outcome: DeferredOutcome };

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 2_000;
const NOTHING = new Uint8Array(0);

/**
 * Deferred answers on their way into PostgreSQL. While it is away they wait with the work that they are the end of, which is pulled in
 * small numbers: what is not kept is not acknowledged, so that it comes again when this process has died over it.
 */
export class RepliesService {
  private isClosed = false;

  constructor(private readonly options: RepliesOptions) {}

  /** True once it is committed; false where it never will be by us. */
  async keep(reply: DeferredReply): Promise<boolean> {
    const { writer, logger } = this.options;
    for (let retryMs = FIRST_RETRY_MS; !this.isClosed; retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS)) {
      try {
        await writer.writeReply(reply);
        return true;
      } catch (error) {
        if (isAboutTheRow(error) && reply.outcome.kind === 'answered') return this.keep(refusedReply(reply));
        logger.warn({ err: error, id: reply.id }, 'PostgreSQL takes no deferred answer; it waits in memory');
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
    return false;
  }

  /** Of work that comes again: whether its client has its answer. While the store cannot say it is fetched once more, which harms nobody. */
  async isKept(id: string): Promise<boolean> {
    const reply = await this.options.repository.readReply(id).catch(() => undefined);
    return reply !== undefined;
  }

  /** Deletes what nobody gets any more. Answers how many. */
  collect(atMost: number): Promise<number> {
    return this.options.writer.collectReplies(atMost);
  }

  close(): void {
    this.isClosed = true;
  }
}

/** Classes 21 to 23 and 54 of PostgreSQL's error codes speak of the values; all others of the server or the connection. */
function isAboutTheRow(error: unknown): boolean {
  return /^(21|22|23|54)/.test((error as { code?: string }).code ?? '');
}

function refusedReply({ id, upstream, path, outcome }: DeferredReply): DeferredReply {
  const receivedStatus = outcome.kind === 'answered' ? outcome.status : outcome.receivedStatus;
  const detail = 'the store refused the answer; ask for it without respond-async';
  const failed: DeferredOutcome = {
    ...{ kind: 'failed', code: 'internal', detail, receivedStatus, sent: true, resumeAt: null },
  };
  return { id, upstream, path, outcome: failed, body: NOTHING };
}
