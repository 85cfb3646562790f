import { compareVersions } from '#core';
import type { EventPayloads, FetchWork } from '#contracts';
import type { Logger } from '#runtime';
import type { EntryHead, EntryRepository } from '#store';
import type { Announcer } from './announcer.js';
import { storedFactsOf } from './fetch-facts.js';
import type { KnownEntries } from './known-entries.js';

export interface RecallOptions {
  readonly known: KnownEntries;
  readonly repository: Pick<EntryRepository, 'readHeads' | 'readByKey'>;
  readonly announcer: Pick<Announcer, 'stored'>;
  readonly logger: Pick<Logger, 'warn'>;
}

/**
 * Work that is handed out again may have been done: its holder died, or gave it back, before the broker heard of it. What the store then
 * holds of it is taken for known, so that it is dropped as overtaken instead of sent again; and it is told again, for its holder may not
 * have come to that.
 */
export class Recall {
  private readonly untold = new Map<string, EventPayloads['entry.stored']>();
  private pieces = 0;

  constructor(private readonly options: RecallOptions) {}

  /** Pieces of work that are being looked for. */
  get looking(): number {
    return this.pieces;
  }

  /** While the store is away nothing is recalled: it is fetched once more, which harms nobody. */
  async look(works: readonly FetchWork[]): Promise<void> {
    const unknown = works.filter(({ key }) => this.options.known.get(key) === undefined);
    if (unknown.length === 0) return;
    this.pieces += unknown.length;
    try {
      const heads = await this.options.repository.readHeads(unknown.map(({ key }) => key));
      const byKey = new Map(heads.map((head) => [head.key, head]));
      const kept = unknown.filter((work) => isDone(work, byKey.get(work.key)));
      await Promise.all(kept.map(({ key }) => this.recall(key)));
    } catch (error) {
      this.options.logger.warn({ err: error }, 'whether work that came again was done cannot be looked up');
    } finally {
      this.pieces -= unknown.length;
    }
  }

  /** False while it cannot be told. */
  async tell(key: string, cause: string): Promise<boolean> {
    const facts = this.untold.get(key);
    if (facts === undefined) return true;
    if (!(await this.options.announcer.stored(facts, cause))) return false;
    this.untold.delete(key);
    return true;
  }

  private async recall(key: string): Promise<void> {
    const stored = await this.options.repository.readByKey(key);
    if (stored === undefined) return;
    const { entry, requestFields } = stored;
    this.options.known.put({ entry, requestFields });
    // Whether its body is another than the one before nobody knows any more. Who hears of a change too many looks once for nothing.
    this.untold.set(key, storedFactsOf(entry, { changed: true, intervalMs: null }));
  }
}

function isDone({ have }: FetchWork, head: EntryHead | undefined): boolean {
  if (head === undefined || head.isInvalid || head.isKnownStale) return false;
  return have === null || compareVersions(head.version, have) > 0;
}
