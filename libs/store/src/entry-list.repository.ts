import type { Entry, Version } from '#core';
import type { Store } from './store.js';
import { HEAD, selectedBy, tagged, WHOLE, within } from './url.repository.js';
import type { UrlSelection } from './url.repository.js';

/** Which entries of an upstream: those of one URL, or those that `UrlSelection` means. */
export type EntrySelection = { readonly kind: 'url'; readonly urlHash: string } | UrlSelection;

/** An entry as it is looked up: neither its body nor its fields. */
export interface ListedEntry extends Pick<
  Entry,
  'key' | 'path' | 'partition' | 'variant' | 'status' | 'requestedAt' | 'receivedAt' | 'bodyBytes'
> {
  readonly version: Version;
  readonly lifetimeMs: number;
  readonly initialAgeMs: number;
  readonly graceMs: number;
  readonly keepMs: number;
  readonly etag: string | null;
  readonly lastModified: string | null;
  readonly tags: readonly string[];
  /** A write came after it. */
  readonly isInvalid: boolean;
  /** Since when it is known to have changed, epoch ms; null: it is not. */
  readonly staleSince: number | null;
}

/** Where a page of a list begins: after this one. */
export interface EntryPlace {
  readonly path: string;
  readonly key: string;
}

export interface EntryListRepository {
  /** By path in byte order, then by key: the first so many after the given one. */
  listEntries(upstream: string, selection: EntrySelection, after: EntryPlace, limit: number): Promise<ListedEntry[]>;
}

const KEY = 'key collate "C"';
const listOf = (condition: string): string =>
  `select e.key, e.path, e.partition, e.variant, e.status, e.fence, e.send, e.requested_at as "requestedAt", e.received_at as "receivedAt",
      e.lifetime_ms as "lifetimeMs", e.initial_age_ms as "initialAgeMs", e.grace_ms as "graceMs", e.keep_ms as "keepMs",
      e.body_bytes as "bodyBytes", e.etag, e.last_modified as "lastModified", e.tags,
      exists (select 1 from invalid v where v.url_hash = e.url_hash and (e.fence, e.send) <= (v.fence, v.send)) as "isInvalid",
      (select k.marked_at from known_stale k where k.url_hash = e.url_hash and (e.fence, e.send) <= (k.fence, k.send)) as "staleSince"
    from entry e
    where (${WHOLE}, ${KEY}) > ($2, $3) and ${condition}
    order by ${HEAD}, ${WHOLE}, ${KEY} limit $4`;

const STATEMENTS = {
  url: { name: 'list-entries-of-url', text: listOf('upstream = $1 and url_hash = $5') },
  prefix: { name: 'list-entries-by-prefix', text: listOf(within('$5', '$6')) },
  tag: { name: 'list-entries-by-tag', text: listOf(tagged('$5')) },
} as const;

type Row = Omit<ListedEntry, 'version'> & Version;

export function createEntryListRepository(store: Store): EntryListRepository {
  return {
    async listEntries(upstream, selection, { path, key }, limit) {
      const values = [upstream, path, key, limit, ...wantedOf(selection)];
      const rows = await store.query<Row>(STATEMENTS[selection.kind], values);
      return rows.map(({ fence, send, ...row }) => ({ ...row, version: { fence, send } }));
    },
  };
}

function wantedOf(selection: EntrySelection): readonly string[] {
  return selection.kind === 'url' ? [selection.urlHash] : selectedBy(selection);
}
