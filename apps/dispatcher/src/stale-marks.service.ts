import { again, done } from '#bus';
import type { SingleVerdict } from '#bus';
import type { ControlWork } from '#contracts';
import type { Version } from '#core';
import type { Clock } from '#runtime';
import type { StaleMarkWriter } from '#store';
import type { Announcer } from './announcer.js';
import type { Joinable } from './joinable.js';
import type { KnownEntries } from './known-entries.js';
import type { StoreWait } from './store-wait.js';

export interface StaleMarksOptions {
  readonly upstream: string;
  readonly known: Pick<KnownEntries, 'markStale'>;
  readonly joinable: Pick<Joinable, 'withdrawSent'>;
  readonly staleMarks: Pick<StaleMarkWriter, 'markStale'>;
  readonly announcer: Pick<Announcer, 'stale'>;
  readonly clock: Clock;
  readonly storeWait: Pick<StoreWait, 'until'>;
  /** The highest version given out: whatever comes back with it or a lower one may be older than the change. */
  highest(): Version;
}

type StaleOrder = Extract<ControlWork, { kind: 'stale' }>;

/** After a hand-over: whoever holds the upstream then marks it, above all that was sent from here. */
const GIVE_BACK_MS = 100;
/** What cannot be told now may be told when NATS is back. */
const UNTOLD_MS = 1_000;

/**
 * What has changed at the upstream, as others say. The mark is in memory first (it holds back what is still on its way), then in the store,
 * then told; only then the order is done, so that another holder takes it up where this one died on the way. While PostgreSQL is away the
 * order is held. It is marked at the send number of that moment: whatever was sent for later is newer than the mark, and needs no clearing.
 */
export class StaleMarksService {
  constructor(private readonly options: StaleMarksOptions) {}

  async mark({ urls: ordered, id }: StaleOrder): Promise<SingleVerdict> {
    const { upstream, known, joinable, announcer, staleMarks, storeWait, clock } = this.options;
    const urls = [...new Map(ordered.map((url) => [url.urlHash, url])).values()];
    const before = this.options.highest();
    for (const { urlHash } of urls) known.markStale(urlHash, before, clock.now());
    joinable.withdrawSent(new Set(urls.map(({ urlHash }) => urlHash)));
    const marking = { upstream, urls, before, markedAt: clock.now() };
    if ((await storeWait.until(() => staleMarks.markStale(marking))) === undefined) return again(GIVE_BACK_MS);
    const told = await Promise.all(
      urls.map(({ path, urlHash }) => announcer.stale({ upstream, path, urlHash, before }, id)),
    );
    return told.every(Boolean) ? done : again(UNTOLD_MS);
  }
}
