import { urlOf } from '#core';
import { openDeadShelf } from '#bus';
import type { Bus, DeadShelf, Publisher, ShelvedLetter } from '#bus';
import type { ControlWork, DeadAttempt, DeadMessage } from '#contracts';
import type { DirectoryService } from './directory.service.js';
import { decodeCursor, encodeCursor } from './pages.js';
import type { Page } from './pages.js';
import { ProblemException } from './problem.filter.js';

/** Given-up work as the control plane shows it. */
export interface DeadItem {
  readonly id: string;
  readonly at: string;
  readonly upstream: string;
  readonly key: string;
  readonly method: string;
  readonly url: string;
  readonly reason: string;
  readonly history: readonly DeadAttempt[];
  readonly requeueable: boolean;
}

export interface DeadOptions {
  readonly bus: Bus;
  readonly publisher: Publisher;
  readonly directory: DirectoryService;
}

const RETRY_AFTER_MS = 3_000;

/** What was given up, and its way back. */
export class DeadService {
  private readonly shelf: DeadShelf;

  constructor(private readonly options: DeadOptions) {
    this.shelf = openDeadShelf(options.bus);
  }

  async list(of: {
    upstream?: string | undefined;
    cursor?: string | undefined;
    limit: number;
  }): Promise<Page<DeadItem>> {
    const after = of.cursor === undefined ? undefined : sequenceOf(of.cursor);
    const { upstream, limit } = of;
    const found = await this.orAway(() => this.shelf.list({ upstream, after, limit: limit + 1 }));
    const page = found.slice(0, limit);
    const last = page.at(-1);
    const isMore = found.length > limit && last !== undefined;
    return { items: page.map((letter) => this.itemOf(letter)), next: isMore ? encodeCursor(last.id) : null };
  }

  /** The letter stays until the work has ended: then it is gone, or there is a new one. */
  async requeue(id: string): Promise<DeadItem> {
    const letter = await this.orAway(() => this.shelf.find(id));
    if (letter === undefined) {
      const detail = `nothing that was given up has the id ${JSON.stringify(id)}; GET /v1/dead lists what there is`;
      throw new ProblemException({ code: 'not_found', detail });
    }
    await this.order(id, letter);
    return this.itemOf({ id, letter });
  }

  private async order(id: string, { upstream, fetch }: DeadMessage): Promise<void> {
    const { bus, publisher } = this.options;
    if (fetch === null || this.options.directory.get(upstream) === undefined) {
      const detail = 'this is no fetch that could be read, or its upstream is not configured any more';
      throw new ProblemException({ code: 'not_requeueable', detail, upstream });
    }
    if (await this.orAway(() => this.shelf.isRequeued(id, fetch))) throw alreadyQueued(upstream);
    const envelope = publisher.envelope({ cause: 'control-plane' });
    const work: ControlWork = { ...envelope, upstream, kind: 'requeue', letter: id, fetch };
    const subject = bus.subjects.control(upstream, `requeue-${id}`);
    const verdict = await publisher.publishWork(subject, work, { alone: true });
    if (verdict === 'already-pending') throw alreadyQueued(upstream);
    if (verdict !== 'stored') throw busAway(`the order could not be given (${verdict}); try again`);
  }

  private itemOf({ id, letter }: ShelvedLetter): DeadItem {
    const { at, upstream, key, method, path, reason, history, fetch } = letter;
    const view = this.options.directory.get(upstream);
    const url = view === undefined ? path : urlOf(view.config.baseUrl, path);
    const requeueable = fetch !== null && view !== undefined;
    return { id, at, upstream, key, method, url, reason, history, requeueable };
  }

  private async orAway<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      throw busAway(`what was given up could not be read (${String(error)}); try again`);
    }
  }
}

function sequenceOf(cursor: string): string {
  const sequence = decodeCursor(cursor);
  if (/^\d{1,15}$/.test(sequence)) return sequence;
  const detail = `cursor: expected one that a list gave, found ${JSON.stringify(cursor)}`;
  throw new ProblemException({ code: 'invalid_input', detail });
}

function alreadyQueued(upstream: string): ProblemException {
  const detail = 'this is queued already; it goes from the list when it was fetched';
  return new ProblemException({ code: 'already_queued', detail, upstream });
}

function busAway(detail: string): ProblemException {
  return new ProblemException({ code: 'bus_away', detail, retryAfterMs: RETRY_AFTER_MS });
}
