import type { Entry, Fields, Version } from '#core';

/** A row of `entry`, as pg brings it (bigints as numbers, json parsed). */
export interface EntryRow {
  key: string;
  url_hash: string;
  upstream: string;
  path: string;
  partition: string;
  variant: string;
  vary: string[];
  request_fields: Fields;
  fence: number;
  send: number;
  status: number;
  fields: Fields;
  requested_at: number;
  received_at: number;
  lifetime_ms: number;
  initial_age_ms: number;
  grace_ms: number;
  keep_ms: number;
  body_hash: string;
  body_bytes: number;
  etag: string | null;
  last_modified: string | null;
}

export function entryOf(row: EntryRow): Entry {
  return {
    key: row.key,
    urlHash: row.url_hash,
    upstream: row.upstream,
    path: row.path,
    partition: row.partition,
    variant: row.variant,
    vary: row.vary,
    version: { fence: row.fence, send: row.send },
    status: row.status,
    fields: row.fields,
    requestedAt: row.requested_at,
    receivedAt: row.received_at,
    lifetimeMs: row.lifetime_ms,
    initialAgeMs: row.initial_age_ms,
    graceMs: row.grace_ms,
    keepMs: row.keep_ms,
    bodyHash: row.body_hash,
    bodyBytes: row.body_bytes,
    ...(row.etag === null ? {} : { etag: row.etag }),
    ...(row.last_modified === null ? {} : { lastModified: row.last_modified }),
  };
}

export function versionOf(row: { fence: number | null; send: number | null }): Version | null {
  return row.fence === null || row.send === null ? null : { fence: row.fence, send: row.send };
}
