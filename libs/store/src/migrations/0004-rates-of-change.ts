import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the refreshes of each resource showed, and what was made of it. */
export class RatesOfChange1700000000004 implements MigrationInterface {
  readonly name = 'RatesOfChange1700000000004';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations of Penstock only go forward; restore a backup instead'));
  }
}

const STATEMENTS = [
  // `revision` counts the writes of `history`: whoever read an older one reads again. `change_rate` is per second, `rate_spread` the
  // standard deviation of its natural logarithm; `cost` in calls. `template` is that of the path, empty while only reads are known.
  `alter table resource_stat
     add column template text not null default '',
     add column revision bigint not null default 0,
     add column history bytea not null default '',
     add column observations integer not null default 0,
     add column change_rate double precision,
     add column rate_spread double precision,
     add column cost double precision not null default 1`,
  // Rewritten at every refresh: room in each page, and no index on what changes, so that it stays a HOT update.
  `alter table resource_stat set (fillfactor = 70)`,
  // Walked in its order: from template to template, and page by page.
  `create index resource_stat_template on resource_stat (upstream, template, key)`,
];
