import { randomBytes } from 'node:crypto';
import type { Store } from './store.js';

/** One upstream of the configuration in force. `config` is JSON as the configuration schema of the contracts gives it. */
export interface UpstreamRecord {
  readonly id: string;
  readonly version: number;
  readonly config: unknown;
  readonly partitionKey: Uint8Array;
}

export interface UpstreamRepository {
  readUpstreams(): Promise<UpstreamRecord[]>;
  /** By upstream, a number that grows with each change of its list of resources. */
  readResourceRevisions(): Promise<Map<string, number>>;
}

/** The only writer of `upstream`: cache-api. */
export interface UpstreamWriter {
  /** Replaces the configuration as a whole if it differs. Answers the version in force and whether it is new. */
  applyConfig(upstreams: ReadonlyMap<string, unknown>): Promise<{ version: number; isNew: boolean }>;
}

const READ_UPSTREAMS = {
  name: 'read-upstreams',
  text: 'select id, version, config, partition_key from upstream order by id',
};

const READ_REVISIONS = { name: 'resource-revisions', text: 'select id, resource_revision from upstream' };

interface Row {
  id: string;
  version: number;
  config: unknown;
  partition_key: Buffer;
}

export function createUpstreamRepository(store: Store): UpstreamRepository {
  return {
    async readUpstreams() {
      const rows = await store.query<Row>(READ_UPSTREAMS, []);
      return rows.map((row) => ({
        id: row.id,
        version: row.version,
        config: row.config,
        partitionKey: row.partition_key,
      }));
    },
    async readResourceRevisions() {
      const rows = await store.query<{ id: string; resource_revision: number }>(READ_REVISIONS, []);
      return new Map(rows.map((row) => [row.id, row.resource_revision]));
    },
  };
}

export function createUpstreamWriter(store: Store): UpstreamWriter {
  return {
    applyConfig: (upstreams) =>
      store.dataSource.transaction(async (manager) => {
        // Two replicas that start at once with the same file must not count twice.
        await manager.query('lock table upstream in exclusive mode');
        const rows = (await manager.query(READ_UPSTREAMS.text)) as Row[];
        const version = rows.reduce((highest, row) => Math.max(highest, row.version), 0);
        if (isSame(rows, upstreams)) return { version, isNew: false };
        await manager.query('delete from upstream where not (id = any($1::text[]))', [[...upstreams.keys()]]);
        for (const [id, config] of upstreams) {
          await manager.query(
            `insert into upstream (id, version, config, partition_key) values ($1, $2, $3, $4)
             on conflict (id) do update set version = excluded.version, config = excluded.config, applied_at = now()`,
            [id, version + 1, JSON.stringify(config), randomBytes(32)],
          );
        }
        return { version: version + 1, isNew: true };
      }),
  };
}

function isSame(rows: readonly Row[], upstreams: ReadonlyMap<string, unknown>): boolean {
  if (rows.length !== upstreams.size || rows.length === 0) return false;
  return rows.every((row) => JSON.stringify(row.config) === JSON.stringify(upstreams.get(row.id)));
}
