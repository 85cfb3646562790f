import type { Entry, Fields, Version } from '#core';
import { entryOf, versionOf } from './entry-row.js';
import type { EntryRow } from './entry-row.js';
import type { Store } from './store.js';

export interface StoredEntry {
  readonly entry: Entry;
  /** Request fields that ask for the same representation again. */
  readonly requestFields: Fields;
  readonly body: Uint8Array;
  /** Set when a write marked the URL: the entry may be answered only if its version is above. */
  readonly invalidAtOrBelow: Version | null;
  /** Set when the URL is known to have changed: an entry at or below is out of date, since `sinceMs` (epoch). */
  readonly knownStale: { readonly before: Version; readonly sinceMs: number } | null;
}

/** What a refresh needs to know of an entry: its version, its validators and the request fields of its variant. */
export interface EntryHead {
  readonly key: string;
  readonly version: Version;
  readonly receivedAt: number;
  readonly requestFields: Fields;
  readonly etag: string | null;
  readonly lastModified: string | null;
  readonly isInvalid: boolean;
  /** Whether its URL is known to have changed since. */
  readonly isKnownStale: boolean;
}

/** When an entry was asked for: what the scheduler rebuilds its plan from. */
export interface EntryTime {
  readonly key: string;
  readonly urlHash: string;
  readonly variant: string;
  readonly requestedAt: number;
  readonly version: Version;
  /** Marks on its URL: what is at or below is invalid, or out of date. */
  readonly invalidAtOrBelow: Version | null;
  readonly staleAtOrBelow: Version | null;
}

/** What is stored of this URL at or below `before` is out of date. */
export interface StaleMark {
  readonly urlHash: string;
  readonly path: string;
  readonly before: Version;
}

/** A stored entry that is out of date: what it takes to have it refreshed. */
export type StaleEntry = Pick<Entry, 'key' | 'urlHash' | 'upstream' | 'path' | 'variant' | 'version'>;

/** Reads of `entry` and `body`, and of the marks on them; open to every app. */
export interface EntryRepository {
  /** All variants of one URL in one partition, with bodies. */
  readByUrl(urlHash: string, partition: string): Promise<StoredEntry[]>;
  readByKey(key: string): Promise<StoredEntry | undefined>;
  readHeads(keys: readonly string[]): Promise<EntryHead[]>;
  /** Of these URLs, all variants, in the shared partition. */
  readTimesOf(urlHashes: readonly string[]): Promise<EntryTime[]>;
  /** Of all entries, each once, in order: the first so many after the given one. */
  readUrlHashes(after: string, atMost: number): Promise<string[]>;
  /** All marks of an upstream, also those above which everything was refreshed already: they go a while later. */
  readStaleMarks(upstream: string): Promise<StaleMark[]>;
  /** Entries of the shared partition that are out of date, among those of these URLs. */
  readStaleEntries(urlHashes: readonly string[]): Promise<StaleEntry[]>;
}

const ENTRY_COLUMNS = `e.key, e.url_hash, e.upstream, e.path, e.partition, e.variant, e.vary, e.request_fields, e.fence, e.send,
  e.status, e.fields, e.requested_at, e.received_at, e.lifetime_ms, e.initial_age_ms, e.grace_ms, e.keep_ms, e.body_hash,
  e.body_bytes, e.etag, e.last_modified`;

const WITH_BODY = `select ${ENTRY_COLUMNS}, b.bytes, v.fence as mark_fence, v.send as mark_send,
    k.fence as stale_fence, k.send as stale_send, k.marked_at as stale_since
  from entry e
  join body b on b.hash = e.body_hash
  left join invalid v on v.url_hash = e.url_hash
  left join known_stale k on k.url_hash = e.url_hash`;

const READ_BY_URL = { name: 'entry-by-url', text: `${WITH_BODY} where e.url_hash = $1 and e.partition = $2` };
const READ_BY_KEY = { name: 'entry-by-key', text: `${WITH_BODY} where e.key = $1` };
const READ_HEADS = {
  name: 'entry-heads',
  text: `select e.key, e.fence, e.send, e.received_at, e.request_fields, e.etag, e.last_modified,
      (v.url_hash is not null and (e.fence, e.send) <= (v.fence, v.send)) as is_invalid,
      exists (select 1 from known_stale k where k.url_hash = e.url_hash and (e.fence, e.send) <= (k.fence, k.send)) as is_stale
    from entry e left join invalid v on v.url_hash = e.url_hash
    where e.key = any($1::text[])`,
};
const READ_TIMES = {
  name: 'entry-times',
  // Each mark by its key, however large its table: a join might read all of it for every page.
  text: `select e.key, e.url_hash, e.variant, e.requested_at, e.fence, e.send,
      v.fence as mark_fence, v.send as mark_send, k.fence as stale_fence, k.send as stale_send
    from entry e
    left join lateral (select fence, send from invalid where url_hash = e.url_hash limit 1) v on true
    left join lateral (select fence, send from known_stale where url_hash = e.url_hash limit 1) k on true
    where e.url_hash = any($1::text[]) and e.partition = 'shared'`,
};

const READ_URL_HASHES = {
  name: 'entry-url-hashes',
  text: `select distinct url_hash from entry where url_hash > $1 order by url_hash limit $2`,
};

const READ_STALE_MARKS = {
  name: 'stale-marks',
  text: `select url_hash, path, fence, send from known_stale where upstream = $1`,
};
const READ_STALE_ENTRIES = {
  name: 'stale-entries',
  text: `select e.key, e.url_hash, e.upstream, e.path, e.variant, e.fence, e.send
    from known_stale k join entry e on e.url_hash = k.url_hash
    where k.url_hash = any($1::text[]) and e.partition = 'shared' and (e.fence, e.send) <= (k.fence, k.send)`,
};

type HeadRow = EntryRow & { is_invalid: boolean; is_stale: boolean };

interface BodyRow extends EntryRow {
  bytes: Buffer;
  mark_fence: number | null;
  mark_send: number | null;
  stale_fence: number | null;
  stale_send: number | null;
  stale_since: number | null;
}

export function createEntryRepository(store: Store): EntryRepository {
  return {
    async readByUrl(urlHash, partition) {
      const rows = await store.query<BodyRow>(READ_BY_URL, [urlHash, partition]);
      return rows.map(storedOf);
    },
    async readByKey(key) {
      const [row] = await store.query<BodyRow>(READ_BY_KEY, [key]);
      return row === undefined ? undefined : storedOf(row);
    },
    async readHeads(keys) {
      const rows = await store.query<HeadRow>(READ_HEADS, [keys]);
      return rows.map((row) => ({
        key: row.key,
        version: { fence: row.fence, send: row.send },
        receivedAt: row.received_at,
        requestFields: row.request_fields,
        etag: row.etag,
        lastModified: row.last_modified,
        isInvalid: row.is_invalid,
        isKnownStale: row.is_stale,
      }));
    },
    async readTimesOf(urlHashes) {
      const rows = await store.query<BodyRow>(READ_TIMES, [urlHashes]);
      return rows.map((row) => ({
        key: row.key,
        urlHash: row.url_hash,
        variant: row.variant,
        requestedAt: row.requested_at,
        version: { fence: row.fence, send: row.send },
        invalidAtOrBelow: versionOf({ fence: row.mark_fence, send: row.mark_send }),
        staleAtOrBelow: versionOf({ fence: row.stale_fence, send: row.stale_send }),
      }));
    },
    async readUrlHashes(after, atMost) {
      const rows = await store.query<{ url_hash: string }>(READ_URL_HASHES, [after, atMost]);
      return rows.map((row) => row.url_hash);
    },
    async readStaleMarks(upstream) {
      const rows = await store.query<EntryRow>(READ_STALE_MARKS, [upstream]);
      return rows.map(({ url_hash: urlHash, path, fence, send }) => ({ urlHash, path, before: { fence, send } }));
    },
    async readStaleEntries(urlHashes) {
      const rows = await store.query<EntryRow>(READ_STALE_ENTRIES, [urlHashes]);
      return rows.map(({ key, url_hash: urlHash, upstream, path, variant, fence, send }) => ({
        ...{ key, urlHash, upstream, path, variant },
        version: { fence, send },
      }));
    },
  };
}

function storedOf(row: BodyRow): StoredEntry {
  return {
    entry: entryOf(row),
    requestFields: row.request_fields,
    body: row.bytes,
    invalidAtOrBelow: versionOf({ fence: row.mark_fence, send: row.mark_send }),
    knownStale: knownStaleOf(row),
  };
}

function knownStaleOf({
  stale_fence: fence,
  stale_send: send,
  stale_since: sinceMs,
}: BodyRow): StoredEntry['knownStale'] {
  const before = versionOf({ fence, send });
  return before === null || sinceMs === null ? null : { before, sinceMs };
}
