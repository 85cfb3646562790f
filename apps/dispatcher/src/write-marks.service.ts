import { locationsToInvalidate, urlHashOf, urlOf } from '#core';
import type { Fields, Version } from '#core';
import type { Announcer } from './announcer.js';
import type { Clock, Logger } from '#runtime';
import type { EntryWriter } from '#store';
import type { Joinable } from './joinable.js';
import type { KnownEntries } from './known-entries.js';

export interface WriteMarksOptions {
  readonly upstream: string;
  readonly baseUrl: string;
  readonly known: KnownEntries;
  readonly joinable: Joinable;
  readonly writer: EntryWriter;
  readonly announcer: Announcer;
  readonly logger: Logger;
  readonly clock: Clock;
  /** The highest version given out: whatever comes back with it or a lower one may be older than the write. */
  highest(): Version;
}

/** What a write did, as far as it concerns what is stored. */
export interface Written {
  readonly path: string;
  /** Without what is a credential in its query. */
  readonly shownPath: string;
  /** Of the answer; none when the outcome is unknown. */
  readonly responseFields: Fields;
  readonly cause: string;
}

const RETRY_MS = 500;

/**
 * After a write, nothing that was sent for before its end is answered as valid any more, on any replica. The mark is in memory first (it
 * holds back what is still on its way), then in the store, then told; the writer is answered when every cache-api process has heard it.
 */
export class WriteMarksService {
  private readonly unsaved = new Map<string, Version>();
  private saving = false;

  constructor(private readonly options: WriteMarksOptions) {}

  async mark(written: Written): Promise<Version> {
    const before = this.options.highest();
    const { baseUrl } = this.options;
    const others = locationsToInvalidate({ path: written.path, baseUrl, responseFields: written.responseFields });
    const own = { path: written.path, shownPath: written.shownPath };
    const all = [own, ...others.map((path) => ({ path, shownPath: path }))];
    await Promise.all(all.map((marked) => this.markPath(marked, before, written.cause)));
    return before;
  }

  private async markPath(
    { path, shownPath }: { path: string; shownPath: string },
    before: Version,
    cause: string,
  ): Promise<void> {
    const { upstream, baseUrl, known, joinable, announcer } = this.options;
    const urlHash = urlHashOf(upstream, urlOf(baseUrl, path));
    known.mark(urlHash, before);
    joinable.withdrawSent(new Set([urlHash]));
    await this.save(urlHash, before);
    await announcer.invalidated({ upstream, path: shownPath, urlHash, before }, cause);
  }

  /** While PostgreSQL is away memory holds the mark, and it is written when that is back. */
  private async save(urlHash: string, before: Version): Promise<void> {
    try {
      await this.options.writer.markInvalid(urlHash, before);
    } catch (error) {
      this.options.logger.warn(
        { err: error, upstream: this.options.upstream },
        'the mark of a write waits in memory: PostgreSQL is away',
      );
      this.unsaved.set(urlHash, before);
      void this.saveLater();
    }
  }

  private async saveLater(): Promise<void> {
    if (this.saving) return;
    this.saving = true;
    while (this.unsaved.size > 0) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      for (const [urlHash, before] of this.unsaved) {
        const isSaved = await this.options.writer.markInvalid(urlHash, before).then(
          () => true,
          () => false,
        );
        if (!isSaved) break;
        if (this.unsaved.get(urlHash) === before) this.unsaved.delete(urlHash);
      }
    }
    this.saving = false;
  }
}
