import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * PostgreSQL's own codec takes longer over a body than all the rest of writing it. Where the server has lz4, which is a tenth of
 * that, bodies are compressed; where it has not, they are stored as they come. What is stored already stays readable as it is.
 */
export class BodiesAsTheyCome1700000000002 implements MigrationInterface {
  readonly name = 'BodiesAsTheyCome1700000000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`do $$ begin
      if not exists (select 1 from pg_attribute
          where attrelid = 'body'::regclass and attname = 'bytes' and attcompression = 'l') then
        alter table body alter column bytes set storage external;
      end if;
    end $$`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations of Penstock only go forward; restore a backup instead'));
  }
}
