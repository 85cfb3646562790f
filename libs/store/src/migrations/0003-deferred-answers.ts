import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What clients were told to come back for. */
export class DeferredAnswers1700000000003 implements MigrationInterface {
  readonly name = 'DeferredAnswers1700000000003';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations of Penstock only go forward; restore a backup instead'));
  }
}

const STATEMENTS = [
  // Written by the dispatcher. The bytes are its own: what is deferred may be what is not stored, and outlives what is.
  `create table reply (
     id text primary key,
     upstream text not null,
     path text not null,
     outcome json not null,
     bytes bytea not null,
     done_at timestamptz not null default now()
   )`,
  `alter table reply alter column bytes set storage external`,
  `create index reply_done_at on reply (done_at)`,
];
