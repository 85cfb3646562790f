import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tables of DESIGN section 8 that the first chain needs. Names are resolved through the connection's search path. */
export class FirstLight1700000000001 implements MigrationInterface {
  readonly name = 'FirstLight1700000000001';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations of Penstock only go forward; restore a backup instead'));
  }
}

const STATEMENTS = [
  // Written by cache-api: the configuration in force, one row an upstream, the key that
  // partitions are hashed with, and how often its list of resources has changed.
  `create table upstream (
     id text primary key,
     version integer not null,
     config json not null,
     partition_key bytea not null,
     resource_revision bigint not null default 0,
     applied_at timestamptz not null default now()
   )`,
  // Written by cache-api: what is to be kept fresh.
  `create table resource (
     upstream text not null,
     path text not null,
     key text not null,
     url_hash text not null,
     max_age_ms bigint,
     weight double precision not null default 1,
     tags text[] not null default '{}',
     source text not null,
     primary key (upstream, path)
   )`,
  `create index resource_key on resource (key)`,
  // Written by the dispatcher. The bytes, once per content.
  `create table body (
     hash text primary key,
     bytes bytea not null,
     touched_at timestamptz not null default now()
   )`,
  // JSON bodies are written often and read whole: the faster codec, where the server was built with it.
  `do $$ begin
     alter table body alter column bytes set compression lz4;
   exception when feature_not_supported or invalid_parameter_value then null;
   end $$`,
  // Written by the dispatcher. No index on what a refresh changes, and room in each page, so that a refresh stays a HOT update.
  `create table entry (
     key text primary key,
     url_hash text not null,
     upstream text not null,
     path text not null,
     partition text not null,
     variant text not null,
     vary text[] not null,
     request_fields json not null,
     fence bigint not null,
     send bigint not null,
     status integer not null,
     fields json not null,
     requested_at bigint not null,
     received_at bigint not null,
     lifetime_ms bigint not null,
     initial_age_ms bigint not null,
     grace_ms bigint not null,
     keep_ms bigint not null,
     body_hash text not null references body (hash),
     body_bytes integer not null,
     etag text,
     last_modified text
   ) with (fillfactor = 70)`,
  `create index entry_url_hash on entry (url_hash)`,
  `create index entry_body_hash on entry (body_hash)`,
  // Written by the dispatcher: marks of writes. An entry at or below the mark is invalid.
  `create table invalid (
     url_hash text primary key,
     fence bigint not null,
     send bigint not null,
     marked_at timestamptz not null default now()
   )`,
  // Written by the dispatcher: a copy of its scopes, for reading and for the day that NATS comes back empty.
  `create table scope_view (
     upstream text not null,
     scope text not null,
     fence bigint not null,
     record json not null,
     updated_at timestamptz not null default now(),
     primary key (upstream, scope)
   )`,
  // Written by the refresher: what it learned.
  `create table resource_stat (
     key text primary key,
     upstream text not null,
     reads double precision not null default 0,
     reads_at bigint not null default 0,
     refreshes bigint not null default 0,
     changes bigint not null default 0,
     last_changed_at bigint
   )`,
];
