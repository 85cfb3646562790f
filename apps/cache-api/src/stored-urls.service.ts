import type { Logger } from '#runtime';
import type { EntryRepository } from '#store';
import { UrlFilter } from './url-filter.js';

export interface StoredUrlsOptions {
  readonly repository: Pick<EntryRepository, 'readUrlHashes'>;
  readonly logger: Logger;
}

const PAGE = 10_000;
/** Beyond this the filter would say yes of most. */
const MOST_URLS = 3_000_000;
/** What is collected stays in the filter until it is made anew. */
const MOST_HEARD = 500_000;
const AGAIN_AFTER_MS = 5_000;

/**
 * Of which URLs nothing is stored: a miss need not ask PostgreSQL for what is known not to be there.
 *
 * - `unknown`: being read, or not to be had: nothing is said. Left when all pages were read without a gap in the events.
 * - `known`: all that was stored when it was read, and all whose `event.entry.stored` was heard since it began to be read. Left for
 *   `unknown` when events may have been missed, or when too much was heard.
 *
 * Whoever believes it a moment too long, since the event is on its way, asks the holder, who answers from what it has just stored.
 */
export class StoredUrlsService {
  private state: { readonly kind: 'unknown' } | { readonly kind: 'known'; readonly filter: UrlFilter } = {
    kind: 'unknown',
  };
  private reading: UrlFilter | undefined;
  private heardSince = 0;
  private again: NodeJS.Timeout | undefined;

  constructor(private readonly options: StoredUrlsOptions) {}

  isAbsent(urlHash: string): boolean {
    return this.state.kind === 'known' && !this.state.filter.mayHave(urlHash);
  }

  /** Something is stored of it now. */
  heard(urlHash: string): void {
    this.reading?.add(urlHash);
    if (this.state.kind !== 'known' || !this.state.filter.add(urlHash)) return;
    this.heardSince += 1;
    if (this.heardSince === MOST_HEARD) this.readAnew();
  }

  /** Events may have been missed, or are heard from now on, or too much was heard: it is read (anew). */
  readAnew(): void {
    this.state = { kind: 'unknown' };
    void this.read();
  }

  close(): void {
    clearTimeout(this.again);
    this.reading = undefined;
  }

  private async read(): Promise<void> {
    clearTimeout(this.again);
    const filter = new UrlFilter();
    this.reading = filter;
    try {
      const isWhole = await this.readInto(filter);
      // Begun anew meanwhile, since events were missed: that one counts.
      if (this.reading !== filter) return;
      this.reading = undefined;
      this.heardSince = 0;
      if (isWhole) this.state = { kind: 'known', filter };
    } catch (error) {
      if (this.reading !== filter) return;
      this.options.logger.debug({ err: error }, 'which URLs are stored cannot be read; each miss looks for itself');
      this.again = setTimeout(() => void this.read(), AGAIN_AFTER_MS).unref();
    }
  }

  /** False: there are too many. */
  private async readInto(filter: UrlFilter): Promise<boolean> {
    let count = 0;
    for (let after = ''; this.reading === filter;) {
      const page = await this.options.repository.readUrlHashes(after, PAGE);
      for (const urlHash of page) filter.add(urlHash);
      count += page.length;
      if (count > MOST_URLS) return false;
      if (page.length < PAGE) return true;
      after = page.at(-1) ?? '';
    }
    return false;
  }
}
