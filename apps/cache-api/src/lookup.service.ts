import { ageOf, endedAt, freshnessOf, urlOf } from '#core';
import type { Clock } from '#runtime';
import type { EntryListRepository, EntrySelection, ListedEntry } from '#store';
import { decodeCursor, encodeCursor } from './pages.js';
import type { Page } from './pages.js';
import { placeInStore } from './upstream-view.js';
import type { UpstreamView } from './upstream-view.js';
import type { MeantUrls } from './url-orders.service.js';

/** A stored answer as the control plane shows it. */
export interface EntryItem {
  readonly key: string;
  readonly url: string;
  readonly path: string;
  /** `shared`, or the keyed hash of the credentials that it belongs to. */
  readonly partition: string;
  readonly variant: string;
  readonly version: ListedEntry['version'];
  readonly status: number;
  /** `invalid`: a write came after it, nothing is answered with it. */
  readonly state: 'fresh' | 'stale' | 'expired' | 'invalid';
  /** It has changed at the upstream, as others say. */
  readonly knownStale: boolean;
  readonly ageMs: number;
  readonly ttlMs: number;
  readonly requestedAt: string;
  readonly receivedAt: string;
  readonly bodyBytes: number;
  readonly etag: string | null;
  readonly lastModified: string | null;
  readonly tags: readonly string[];
}

export interface LookupOptions {
  readonly entries: EntryListRepository;
  readonly clock: Clock;
}

/** What is stored, as of now. */
export class LookupService {
  constructor(private readonly options: LookupOptions) {}

  async list(
    view: UpstreamView,
    meant: MeantUrls,
    { limit, cursor }: { limit: number; cursor: string | undefined },
  ): Promise<Page<EntryItem>> {
    const [path = '', key = ''] = decodeCursor(cursor).split(PARTED_BY);
    const rows = await this.options.entries.listEntries(view.id, selectionOf(view, meant), { path, key }, limit + 1);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    const next = rows.length > limit && last !== undefined ? encodeCursor(last.path + PARTED_BY + last.key) : null;
    return { items: page.map((entry) => itemOf(view, entry, this.options.clock.now())), next };
  }
}

/** Neither a path nor a key has it. */
const PARTED_BY = '\n';

function selectionOf({ id, config }: UpstreamView, meant: MeantUrls): EntrySelection {
  if (meant.kind !== 'path') return meant;
  return { kind: 'url', urlHash: placeInStore(id, config.baseUrl, meant.path).urlHash };
}

function itemOf({ config }: UpstreamView, stored: ListedEntry, nowMs: number): EntryItem {
  const { key, path, partition, variant, version, status, bodyBytes, etag, lastModified, tags } = stored;
  const { staleSince, isInvalid, requestedAt, receivedAt } = stored;
  const entry = staleSince === null ? stored : endedAt(stored, staleSince);
  const { kind, ttlMs } = freshnessOf(entry, nowMs);
  return {
    ...{ key, url: urlOf(config.baseUrl, path), path, partition, variant, version, status },
    state: isInvalid ? 'invalid' : kind,
    knownStale: staleSince !== null,
    ageMs: ageOf(entry, nowMs),
    ttlMs,
    requestedAt: new Date(requestedAt).toISOString(),
    receivedAt: new Date(receivedAt).toISOString(),
    ...{ bodyBytes, etag, lastModified, tags },
  };
}
