import type { Store } from './store.js';

/** What was learned of one key since the last batch. */
export interface StatDelta {
  readonly key: string;
  readonly upstream: string;
  readonly reads: number;
  readonly refreshes: number;
  readonly changes: number;
  readonly lastChangedAt: number | null;
}

/** The only writer of `resource_stat`: the refresher. */
export interface ResourceStatWriter {
  /** Adds the deltas; reads fade with the half-life before the new ones are added. Keys must be distinct. */
  addStats(deltas: readonly StatDelta[], nowMs: number): Promise<void>;
}

const READS_HALF_LIFE_MS = 3_600_000;

const ADD = {
  name: 'add-resource-stats',
  text: `with incoming as (
      select * from json_to_recordset($1::json) as i(
        key text, upstream text, reads double precision, refreshes bigint, changes bigint, "lastChangedAt" bigint)
    )
    insert into resource_stat as s (key, upstream, reads, reads_at, refreshes, changes, last_changed_at)
    select key, upstream, reads, $2::bigint, refreshes, changes, "lastChangedAt" from incoming order by key
    on conflict (key) do update set
      reads = s.reads * power(0.5, greatest(0, $2::bigint - s.reads_at) / ${READS_HALF_LIFE_MS}.0) + excluded.reads,
      reads_at = greatest($2::bigint, s.reads_at),
      refreshes = s.refreshes + excluded.refreshes,
      changes = s.changes + excluded.changes,
      last_changed_at = coalesce(excluded.last_changed_at, s.last_changed_at)`,
};

export function createResourceStatWriter(store: Store): ResourceStatWriter {
  return {
    async addStats(deltas, nowMs) {
      if (deltas.length > 0) await store.query(ADD, [JSON.stringify(deltas), Math.round(nowMs)]);
    },
  };
}
