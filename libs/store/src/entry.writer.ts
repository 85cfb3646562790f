import type { Entry, Fields, Version } from '#core';
import type { Store } from './store.js';

/** An entry to be written. The body is absent where it is known to be stored (a 304 renews the entry only). */
export interface EntryWrite {
  readonly entry: Entry;
  /** The request fields that chose the variant: needed to ask for it again. */
  readonly requestFields: Fields;
  readonly body: Uint8Array | undefined;
}

/** What became of one write. `outdated`: a newer version, or a mark of a write, stood in the store. */
export type WriteResult =
  | { readonly kind: 'written'; readonly key: string; readonly changed: boolean }
  | { readonly kind: 'outdated'; readonly key: string };

/** The only writer of `entry`, `body` and `invalid`: the dispatcher. */
export interface EntryWriter {
  /** One statement for the whole batch. Keys must be distinct. Throws as a whole when one row is bad. */
  writeEntries(writes: readonly EntryWrite[]): Promise<WriteResult[]>;
  /** Raises the mark of a URL, never lowers it. */
  markInvalid(urlHash: string, before: Version): Promise<void>;
  /** Deletes entries past ttl, grace and keep. Answers their keys by upstream. */
  collectEntries(nowMs: number, atMost: number): Promise<{ upstream: string; key: string }[]>;
  /** Deletes bodies that nothing has referred to for five minutes. Answers how many. */
  collectBodies(atMost: number): Promise<number>;
  /** Deletes marks older than an hour that no stored entry is held back by. */
  collectMarks(): Promise<number>;
}

/*
 * One statement, and so one round trip and one transaction. PostgreSQL may run the parts of a WITH in any order, and two batches that
 * meet must lock rows in one order: so `written` asks for the count of `bodies`, which makes all bodies come first, and both are sorted.
 * `released` has no order (two batches may exchange each other's bodies), therefore it never waits: a body that someone else
 * holds is being touched by them. What this very batch brings has been touched already.
 * `prior` sees the rows as they were before, which is how a change of body is told.
 */
const WRITE_ENTRIES = {
  name: 'write-entries',
  text: `with incoming as (
      select * from json_to_recordset($1::json) as i(
        key text, url_hash text, upstream text, path text, partition text, variant text, vary text[], request_fields json,
        fence bigint, send bigint, status integer, fields json, requested_at bigint, received_at bigint, lifetime_ms bigint,
        initial_age_ms bigint, grace_ms bigint, keep_ms bigint, body_hash text, body_bytes integer, etag text, last_modified text)
    ), prior as (
      select e.key, e.body_hash from entry e join incoming i on i.key = e.key
    ), bodies as (
      insert into body (hash, bytes)
      select b.hash, b.bytes from unnest($2::text[], $3::bytea[]) as b(hash, bytes) order by b.hash
      on conflict (hash) do update set touched_at = now() where body.touched_at < now() - interval '1 minute'
      returning hash
    ), written as (
      insert into entry
      select i.* from incoming i
      where (select count(*) from bodies) >= 0
        and not exists (select 1 from invalid v where v.url_hash = i.url_hash and (i.fence, i.send) <= (v.fence, v.send))
      order by i.key
      on conflict (key) do update set
        path = excluded.path, vary = excluded.vary, request_fields = excluded.request_fields, fence = excluded.fence,
        send = excluded.send, status = excluded.status, fields = excluded.fields, requested_at = excluded.requested_at,
        received_at = excluded.received_at, lifetime_ms = excluded.lifetime_ms, initial_age_ms = excluded.initial_age_ms,
        grace_ms = excluded.grace_ms, keep_ms = excluded.keep_ms, body_hash = excluded.body_hash,
        body_bytes = excluded.body_bytes, etag = excluded.etag, last_modified = excluded.last_modified
      where (entry.fence, entry.send) < (excluded.fence, excluded.send)
      returning key, body_hash
    ), released as (
      update body set touched_at = now() where hash in (
        select b.hash from body b
        where not (b.hash = any($2::text[])) and b.hash in (
          select p.body_hash from prior p join written w on w.key = p.key where p.body_hash <> w.body_hash)
        for no key update of b skip locked)
    )
    select w.key, (p.body_hash is distinct from w.body_hash) as changed from written w left join prior p on p.key = w.key`,
};

const MARK_INVALID = {
  name: 'mark-invalid',
  text: `insert into invalid (url_hash, fence, send) values ($1, $2, $3)
    on conflict (url_hash) do update set fence = excluded.fence, send = excluded.send, marked_at = now()
    where (invalid.fence, invalid.send) < (excluded.fence, excluded.send)`,
};

const COLLECT_ENTRIES = {
  name: 'collect-entries',
  // The bodies count from now: whoever still knows a collected entry may renew it without bringing the body.
  text: `with gone as (
      delete from entry where key in (
        select key from entry
        where received_at - initial_age_ms + lifetime_ms + grace_ms + keep_ms < $1
        order by key limit $2 for update skip locked)
      returning upstream, key, body_hash
    ), released as (
      update body set touched_at = now() where hash in (
        select b.hash from body b where b.hash in (select body_hash from gone) for no key update of b skip locked)
    )
    select upstream, key from gone`,
};

const COLLECT_BODIES = {
  name: 'collect-bodies',
  text: `with gone as (
      delete from body where hash in (
        select b.hash from body b
        where b.touched_at < now() - interval '5 minutes'
          and not exists (select 1 from entry e where e.body_hash = b.hash)
        order by b.hash limit $1 for update skip locked)
      returning 1)
    select count(*)::integer as count from gone`,
};

const COLLECT_MARKS = {
  name: 'collect-marks',
  text: `with gone as (
      delete from invalid v where v.marked_at < now() - interval '1 hour'
        and not exists (select 1 from entry e where e.url_hash = v.url_hash and (e.fence, e.send) <= (v.fence, v.send))
      returning 1)
    select count(*)::integer as count from gone`,
};

export function createEntryWriter(store: Store): EntryWriter {
  return {
    writeEntries: (writes) => writeEntries(store, writes),
    async markInvalid(urlHash, before) {
      await store.query(MARK_INVALID, [urlHash, before.fence, before.send]);
    },
    collectEntries: (nowMs, atMost) => store.query(COLLECT_ENTRIES, [Math.round(nowMs), atMost]),
    async collectBodies(atMost) {
      const [row] = await store.query<{ count: number }>(COLLECT_BODIES, [atMost]);
      return row?.count ?? 0;
    },
    async collectMarks() {
      const [row] = await store.query<{ count: number }>(COLLECT_MARKS, []);
      return row?.count ?? 0;
    },
  };
}

async function writeEntries(store: Store, writes: readonly EntryWrite[]): Promise<WriteResult[]> {
  if (writes.length === 0) return [];
  const bodies = distinctBodies(writes);
  const rows = await store.query<{ key: string; changed: boolean }>(WRITE_ENTRIES, [
    JSON.stringify(writes.map(recordOf)),
    [...bodies.keys()],
    [...bodies.values()],
  ]);
  const written = new Map(rows.map((row) => [row.key, row.changed]));
  return writes.map(({ entry: { key } }) => {
    const changed = written.get(key);
    return changed === undefined ? { kind: 'outdated', key } : { kind: 'written', key, changed };
  });
}

function distinctBodies(writes: readonly EntryWrite[]): Map<string, Uint8Array> {
  const bodies = new Map<string, Uint8Array>();
  for (const { entry, body } of writes) if (body !== undefined) bodies.set(entry.bodyHash, body);
  return bodies;
}

/** The order and names of `incoming`'s columns, which are those of the table. */
function recordOf({ entry, requestFields }: EntryWrite): Record<string, unknown> {
  return {
    key: entry.key,
    url_hash: entry.urlHash,
    upstream: entry.upstream,
    path: entry.path,
    partition: entry.partition,
    variant: entry.variant,
    vary: entry.vary,
    request_fields: requestFields,
    fence: entry.version.fence,
    send: entry.version.send,
    status: entry.status,
    fields: entry.fields,
    requested_at: Math.round(entry.requestedAt),
    received_at: Math.round(entry.receivedAt),
    lifetime_ms: Math.round(entry.lifetimeMs),
    initial_age_ms: Math.round(entry.initialAgeMs),
    grace_ms: Math.round(entry.graceMs),
    keep_ms: Math.round(entry.keepMs),
    body_hash: entry.bodyHash,
    body_bytes: entry.bodyBytes,
    etag: entry.etag ?? null,
    last_modified: entry.lastModified ?? null,
  };
}
