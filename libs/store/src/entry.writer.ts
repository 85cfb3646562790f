import type { Entry, Fields, Version } from '#core';
import { bigintArray, byteaArray, jsonArray, textArray } from './binary-arrays.js';
import type { Store } from './store.js';

/** An entry to be written. The body is absent where it is known to be stored (a 304 renews the entry only). */
export interface EntryWrite {
  readonly entry: Entry;
  /** The request fields that chose the variant: needed to ask for it again. */
  readonly requestFields: Fields;
  readonly body: Uint8Array | undefined;
  /** What the upstream groups the answer under; they hold no spaces. */
  readonly tags?: readonly string[] | undefined;
  /** By what it counts as changed, where that is not its body: compared with that of what stood there before, where both have one. */
  readonly changeHash?: string | undefined;
}

/** What became of one write. `outdated`: a newer version, or a mark of a write, stood in the store. */
export type WriteResult =
  | {
      readonly kind: 'written';
      readonly key: string;
      readonly changed: boolean;
      /** From the call that brought what stood there before to this one; null: nothing stood there. */
      readonly intervalMs: number | null;
    }
  | { readonly kind: 'outdated'; readonly key: string };

/** The only writer of `entry`, `body` and `invalid`: the dispatcher. */
export interface EntryWriter {
  /** One statement for the whole batch. Keys must be distinct. Throws as a whole when one row is bad. */
  writeEntries(writes: readonly EntryWrite[]): Promise<WriteResult[]>;
  /** Raises the mark of a URL, never lowers it. */
  markInvalid(urlHash: string, before: Version): Promise<void>;
  /**
   * Deletes all that is stored of these URLs at or below the version, and marks it invalid, so that what is on its way is not stored.
   * Answers the keys.
   */
  purgeEntries(urlHashes: readonly string[], before: Version): Promise<string[]>;
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
 * `before` is read by a query within RETURNING, which sees the row as it was: that is how a change of body is told, and how long it took.
 * A renewal brings no hash of its own to tell changes by: its body is the same, and so is that.
 *
 * The plan of a prepared statement is made while the tables are small and stays. Joins would be planned as scans of whole tables, and
 * those grow: each lookup is therefore a query of its own for one row, which only an index can answer (see also store.ts).
 */
const WRITE_ENTRIES = {
  name: 'write-entries',
  text: `with bodies as (
      insert into body (hash, bytes)
      select b.hash, b.bytes from unnest($1::text[], $2::bytea[]) as b(hash, bytes) order by b.hash
      on conflict (hash) do update set touched_at = now() where body.touched_at < now() - interval '1 minute'
      returning 1
    ), written as (
      insert into entry (key, url_hash, upstream, path, partition, variant, vary, request_fields, fence, send, status, fields,
        requested_at, received_at, lifetime_ms, initial_age_ms, grace_ms, keep_ms, body_hash, body_bytes, etag, last_modified,
        tags, change_hash)
      select i.key, i.url_hash, i.upstream, i.path, i.partition, i.variant, string_to_array(i.vary, ','),
        i.request_fields, i.fence, i.send, i.status::integer, i.fields, i.requested_at, i.received_at, i.lifetime_ms,
        i.initial_age_ms, i.grace_ms, i.keep_ms, i.body_hash, i.body_bytes::integer, i.etag, i.last_modified,
        coalesce(string_to_array(i.tags, ' '), '{}'), i.change_hash
      from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::json[], $11::bigint[],
          $12::bigint[], $13::bigint[], $14::json[], $15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[], $19::bigint[],
          $20::bigint[], $21::text[], $22::bigint[], $23::text[], $24::text[], $25::text[], $26::text[])
        as i(key, url_hash, upstream, path, partition, variant, vary, request_fields, fence, send, status, fields,
          requested_at, received_at, lifetime_ms, initial_age_ms, grace_ms, keep_ms, body_hash, body_bytes, etag, last_modified,
          tags, change_hash)
      where (select count(*) from bodies) >= 0
        and not exists (select 1 from invalid v where v.url_hash = i.url_hash and (i.fence, i.send) <= (v.fence, v.send))
      order by i.key
      on conflict (key) do update set
        path = excluded.path, vary = excluded.vary, request_fields = excluded.request_fields, fence = excluded.fence,
        send = excluded.send, status = excluded.status, fields = excluded.fields, requested_at = excluded.requested_at,
        received_at = excluded.received_at, lifetime_ms = excluded.lifetime_ms, initial_age_ms = excluded.initial_age_ms,
        grace_ms = excluded.grace_ms, keep_ms = excluded.keep_ms, body_hash = excluded.body_hash,
        body_bytes = excluded.body_bytes, etag = excluded.etag, last_modified = excluded.last_modified, tags = excluded.tags,
        change_hash = case when excluded.body_hash = entry.body_hash
          then coalesce(excluded.change_hash, entry.change_hash) else excluded.change_hash end
      where (entry.fence, entry.send) < (excluded.fence, excluded.send)
      returning key, body_hash, change_hash, requested_at,
        (select concat_ws(' ', e.requested_at, e.body_hash, e.change_hash) from entry e where e.key = entry.key) as before
    ), told as (
      select key, body_hash, change_hash, split_part(before, ' ', 2) as before, nullif(split_part(before, ' ', 3), '') as change_before,
        requested_at - nullif(split_part(before, ' ', 1), '')::bigint as interval_ms
      from written
    ), released as (
      update body set touched_at = now() from (
        select l.hash from told w
        cross join lateral (select b.hash from body b where b.hash = w.before for no key update of b skip locked) l
        where w.before <> w.body_hash and w.before <> all($1::text[])) left_behind
      where body.hash = left_behind.hash
    )
    select key, coalesce(change_before <> change_hash, before is distinct from body_hash) as changed,
      interval_ms::double precision as interval_ms
    from told`,
};

const MARK_INVALID = {
  name: 'mark-invalid',
  text: `insert into invalid (url_hash, fence, send) values ($1, $2, $3)
    on conflict (url_hash) do update set fence = excluded.fence, send = excluded.send, marked_at = now()
    where (invalid.fence, invalid.send) < (excluded.fence, excluded.send)`,
};

const PURGE_ENTRIES = {
  name: 'purge-entries',
  text: `with marked as (
      insert into invalid (url_hash, fence, send)
      select u.url_hash, $2::bigint, $3::bigint from unnest($1::text[]) as u(url_hash) order by u.url_hash
      on conflict (url_hash) do update set fence = excluded.fence, send = excluded.send, marked_at = now()
      where (invalid.fence, invalid.send) < (excluded.fence, excluded.send)
    ), gone as (
      delete from entry where key in (
        select key from entry where url_hash = any($1::text[]) and (fence, send) <= ($2::bigint, $3::bigint)
        order by key for update)
      returning key, body_hash
    ), released as (
      update body set touched_at = now() where hash in (
        select b.hash from body b where b.hash in (select body_hash from gone) for no key update of b skip locked)
    )
    select key from gone`,
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
    async purgeEntries(urlHashes, before) {
      const rows = await store.query<{ key: string }>(PURGE_ENTRIES, [urlHashes, before.fence, before.send]);
      return rows.map(({ key }) => key);
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

interface WrittenRow {
  readonly key: string;
  readonly changed: boolean;
  readonly interval_ms: number | null;
}

async function writeEntries(store: Store, writes: readonly EntryWrite[]): Promise<WriteResult[]> {
  if (writes.length === 0) return [];
  const rows = await store.query<WrittenRow>(WRITE_ENTRIES, columnsOf(writes));
  const written = new Map(rows.map((row) => [row.key, row]));
  return writes.map(({ entry: { key } }) => {
    const row = written.get(key);
    if (row === undefined) return { kind: 'outdated', key };
    return { kind: 'written', key, changed: row.changed, intervalMs: row.interval_ms };
  });
}

function distinctBodies(writes: readonly EntryWrite[]): Map<string, Uint8Array> {
  const bodies = new Map<string, Uint8Array>();
  for (const { entry, body } of writes) if (body !== undefined) bodies.set(entry.bodyHash, body);
  return bodies;
}

/** In the order of the statement's parameters. */
function columnsOf(writes: readonly EntryWrite[]): Buffer[] {
  const bodies = distinctBodies(writes);
  const entries = writes.map(({ entry }) => entry);
  const texts = (of: (entry: Entry) => string | undefined): Buffer => textArray(entries.map(of));
  const whole = (of: (entry: Entry) => number): Buffer => bigintArray(entries.map((entry) => Math.round(of(entry))));
  return [
    textArray([...bodies.keys()]),
    byteaArray([...bodies.values()]),
    texts((entry) => entry.key),
    texts((entry) => entry.urlHash),
    texts((entry) => entry.upstream),
    texts((entry) => entry.path),
    texts((entry) => entry.partition),
    texts((entry) => entry.variant),
    texts((entry) => entry.vary.join(',')), // names of a list that is parted by commas hold none
    jsonArray(writes.map(({ requestFields }) => JSON.stringify(requestFields))),
    whole((entry) => entry.version.fence),
    whole((entry) => entry.version.send),
    whole((entry) => entry.status),
    jsonArray(entries.map((entry) => JSON.stringify(entry.fields))),
    whole((entry) => entry.requestedAt),
    whole((entry) => entry.receivedAt),
    whole((entry) => entry.lifetimeMs),
    whole((entry) => entry.initialAgeMs),
    whole((entry) => entry.graceMs),
    whole((entry) => entry.keepMs),
    texts((entry) => entry.bodyHash),
    whole((entry) => entry.bodyBytes),
    texts((entry) => entry.etag),
    texts((entry) => entry.lastModified),
    textArray(writes.map(({ tags }) => (tags === undefined || tags.length === 0 ? undefined : tags.join(' ')))),
    textArray(writes.map(({ changeHash }) => changeHash)),
  ];
}
