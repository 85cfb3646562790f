import { again, done } from '#bus';
import type { SingleVerdict } from '#bus';
import type { ControlWork } from '#contracts';
import type { Version } from '#core';
import type { Logger } from '#runtime';
import type { EntryWriter } from '#store';
import type { Announcer } from './announcer.js';
import type { Joinable } from './joinable.js';
import type { KnownEntries } from './known-entries.js';

export interface PurgesOptions {
  readonly upstream: string;
  readonly known: Pick<KnownEntries, 'mark' | 'forget'>;
  readonly joinable: Pick<Joinable, 'withdrawSent'>;
  readonly writer: Pick<EntryWriter, 'purgeEntries'>;
  readonly announcer: Pick<Announcer, 'removed'>;
  readonly logger: Pick<Logger, 'warn'>;
  /** The highest version given out: what comes back with it or a lower one is purged too. */
  highest(): Version;
}

type PurgeOrder = Extract<ControlWork, { kind: 'purge' }>;

/** PostgreSQL may be away. */
const TRY_AGAIN_MS = 5_000;

/**
 * What is stored of some URLs goes. It is marked as after a write, so that what is still on its way does not bring it back, and then deleted;
 * whoever has it in memory is told.
 */
export class PurgesService {
  constructor(private readonly options: PurgesOptions) {}

  async purge({ urls }: PurgeOrder): Promise<SingleVerdict> {
    const { upstream, known, joinable, writer, announcer, logger } = this.options;
    const urlHashes = [...new Set(urls.map(({ urlHash }) => urlHash))];
    const before = this.options.highest();
    for (const urlHash of urlHashes) known.mark(urlHash, before);
    joinable.withdrawSent(new Set(urlHashes));
    try {
      const keys = await writer.purgeEntries(urlHashes, before);
      for (const key of keys) known.forget(key);
      if (keys.length > 0) await announcer.removed({ upstream, keys, reason: 'purged' });
      return done;
    } catch (error) {
      logger.warn({ err: error, upstream, urls: urls.length }, 'a purge waits: the store does not carry it out');
      return again(TRY_AGAIN_MS);
    }
  }
}
