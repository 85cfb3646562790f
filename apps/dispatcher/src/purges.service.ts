import { again, done } from '#bus';
import type { SingleVerdict } from '#bus';
import type { ControlWork } from '#contracts';
import type { Version } from '#core';
import type { EntryWriter } from '#store';
import type { Announcer } from './announcer.js';
import type { Joinable } from './joinable.js';
import type { KnownEntries } from './known-entries.js';
import type { StoreWait } from './store-wait.js';

export interface PurgesOptions {
  readonly upstream: string;
  readonly known: Pick<KnownEntries, 'mark' | 'forget'>;
  readonly joinable: Pick<Joinable, 'withdrawSent'>;
  readonly writer: Pick<EntryWriter, 'purgeEntries'>;
  readonly announcer: Pick<Announcer, 'removed'>;
  readonly storeWait: Pick<StoreWait, 'until'>;
  /** The highest version given out: what comes back with it or a lower one is purged too. */
  highest(): Version;
}

type PurgeOrder = Extract<ControlWork, { kind: 'purge' }>;

/** After a hand-over: whoever holds the upstream then carries it out, above all that was sent from here. */
const GIVE_BACK_MS = 100;

/**
 * What is stored of some URLs goes. It is marked as after a write, so that what is still on its way does not bring it back, and then deleted;
 * whoever has it in memory is told.
 */
export class PurgesService {
  constructor(private readonly options: PurgesOptions) {}

  async purge({ urls }: PurgeOrder): Promise<SingleVerdict> {
    const { upstream, known, joinable, writer, announcer, storeWait } = this.options;
    const urlHashes = [...new Set(urls.map(({ urlHash }) => urlHash))];
    const before = this.options.highest();
    for (const urlHash of urlHashes) known.mark(urlHash, before);
    joinable.withdrawSent(new Set(urlHashes));
    const purged = await storeWait.until(() => writer.purgeEntries(urlHashes, before));
    if (purged === undefined) return again(GIVE_BACK_MS);
    const keys = purged.done;
    for (const key of keys) known.forget(key);
    if (keys.length > 0) await announcer.removed({ upstream, keys, reason: 'purged' });
    return done;
  }
}
