import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is known to have changed at the upstream, the tags of answers, and by what else than its bytes an answer counts as changed. */
export class KnownStale1700000000005 implements MigrationInterface {
  readonly name = 'KnownStale1700000000005';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations of Penstock only go forward; restore a backup instead'));
  }
}

const STATEMENTS = [
  // Written by the dispatcher: an entry at or below the mark is out of date. Times are epoch ms by its clock, as those of entries.
  `create table known_stale (
     url_hash text primary key,
     upstream text not null,
     path text not null,
     fence bigint not null,
     send bigint not null,
     marked_at bigint not null
   )`,
  `create index known_stale_upstream on known_stale (upstream)`,
  `alter table entry add column tags text[] not null default '{}', add column change_hash text`,
  // Where no answer has tags this index holds nothing, and costs a refresh nothing: neither tags nor paths change with it.
  `create index entry_tags on entry using gin (tags) where tags <> '{}'`,
  // Byte by byte, so that all that begins alike stands together, whatever the language of the database. Of a path that is longer than an
  // index takes (a third of a page) its beginning.
  `create index entry_path on entry (upstream, (left(path, 500)) collate "C")`,
  `create index resource_tags on resource using gin (tags) where tags <> '{}'`,
  `create index resource_path on resource (upstream, (left(path, 500)) collate "C")`,
];
