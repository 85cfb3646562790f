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
}

/** When each entry of an upstream was asked for: what the scheduler rebuilds its plan from. */
export interface EntryTime {
  readonly key: string;
  readonly urlHash: string;
  readonly variant: string;
  readonly requestedAt: number;
  readonly version: Version;
}

/** Reads of `entry` and `body`, open to every app. */
export interface EntryRepository {
  /** All variants of one URL in one partition, with bodies. */
  readByUrl(urlHash: string, partition: string): Promise<StoredEntry[]>;
  readByKey(key: string): Promise<StoredEntry | undefined>;
  readHeads(keys: readonly string[]): Promise<EntryHead[]>;
  readTimes(upstream: string): Promise<EntryTime[]>;
  /** Of all entries, each once, in order: the first so many after the given one. */
  readUrlHashes(after: string, atMost: number): Promise<string[]>;
}

const ENTRY_COLUMNS = `e.key, e.url_hash, e.upstream, e.path, e.partition, e.variant, e.vary, e.request_fields, e.fence, e.send,
  e.status, e.fields, e.requested_at, e.received_at, e.lifetime_ms, e.initial_age_ms, e.grace_ms, e.keep_ms, e.body_hash,
  e.body_bytes, e.etag, e.last_modified`;

const WITH_BODY = `select ${ENTRY_COLUMNS}, b.bytes, v.fence as mark_fence, v.send as mark_send
  from entry e
  join body b on b.hash = e.body_hash
  left join invalid v on v.url_hash = e.url_hash`;

const READ_BY_URL = { name: 'entry-by-url', text: `${WITH_BODY} where e.url_hash = $1 and e.partition = $2` };
const READ_BY_KEY = { name: 'entry-by-key', text: `${WITH_BODY} where e.key = $1` };
const READ_HEADS = {
  name: 'entry-heads',
  text: `select e.key, e.fence, e.send, e.received_at, e.request_fields, e.etag, e.last_modified,
      (v.url_hash is not null and (e.fence, e.send) <= (v.fence, v.send)) as is_invalid
    from entry e left join invalid v on v.url_hash = e.url_hash
    where e.key = any($1::text[])`,
};
const READ_TIMES = {
  name: 'entry-times',
  text: `select key, url_hash, variant, requested_at, fence, send from entry where upstream = $1 and partition = 'shared'`,
};

const READ_URL_HASHES = {
  name: 'entry-url-hashes',
  text: `select distinct url_hash from entry where url_hash > $1 order by url_hash limit $2`,
};

type BodyRow = EntryRow & { bytes: Buffer; mark_fence: number | null; mark_send: number | null };

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
      const rows = await store.query<EntryRow & { is_invalid: boolean }>(READ_HEADS, [keys]);
      return rows.map((row) => ({
        key: row.key,
        version: { fence: row.fence, send: row.send },
        receivedAt: row.received_at,
        requestFields: row.request_fields,
        etag: row.etag,
        lastModified: row.last_modified,
        isInvalid: row.is_invalid,
      }));
    },
    async readTimes(upstream) {
      const rows = await store.query<EntryRow>(READ_TIMES, [upstream]);
      return rows.map((row) => ({
        key: row.key,
        urlHash: row.url_hash,
        variant: row.variant,
        requestedAt: row.requested_at,
        version: { fence: row.fence, send: row.send },
      }));
    },
    async readUrlHashes(after, atMost) {
      const rows = await store.query<{ url_hash: string }>(READ_URL_HASHES, [after, atMost]);
      return rows.map((row) => row.url_hash);
    },
  };
}

function storedOf(row: BodyRow): StoredEntry {
  return {
    entry: entryOf(row),
    requestFields: row.request_fields,
    body: row.bytes,
    invalidAtOrBelow: versionOf({ fence: row.mark_fence, send: row.mark_send }),
  };
}
