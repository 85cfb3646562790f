import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How far the lists of changes were read. */
export class ListCursors1700000000006 implements MigrationInterface {
  readonly name = 'ListCursors1700000000006';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(CREATE);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations of Penstock only go forward; restore a backup instead'));
  }
}

/** Written by the dispatcher. A list is named by its call; epoch ms by the upstream's clock. */
const CREATE = `create table list_cursor (
  upstream text not null,
  call text not null,
  since bigint not null,
  primary key (upstream, call)
)`;
