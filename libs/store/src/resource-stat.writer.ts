import { bigintArray, byteaArray, doubleArray, textArray } from './binary-arrays.js';
import type { Store } from './store.js';

/** How often one key was read since that was last written. */
export interface ReadsDelta {
  readonly key: string;
  readonly upstream: string;
  readonly reads: number;
}

/** What stands in the store of one key, to be gone on from. */
export interface StatBefore {
  readonly key: string;
  /** Of the history: 0 before the first. */
  readonly revision: number;
  readonly history: Uint8Array;
  readonly refreshes: number;
  readonly cost: number;
  readonly reads: number;
  readonly readsAt: number;
}

/** One key with what its refreshes showed. Counts are added, the rest replaces what stands there. */
export interface StatWrite extends ReadsDelta {
  /** One more than that of what it goes on from. */
  readonly revision: number;
  readonly template: string;
  readonly history: Uint8Array;
  readonly observations: number;
  readonly changeRate: number | null;
  readonly rateSpread: number | null;
  readonly cost: number;
  readonly refreshes: number;
  readonly changes: number;
  readonly lastChangedAt: number | null;
}

/** Of a key that was read: what is known of it now. */
export type ReadStat = Pick<StatWrite, 'key' | 'changeRate' | 'cost' | 'reads'>;

/** The only writer of `resource_stat`: the refresher. The keys of one call must be distinct. */
export interface ResourceStatWriter {
  /** Keys that nothing is known of are missing. */
  readBefore(keys: readonly string[]): Promise<StatBefore[]>;
  /** Answers the keys that were not written, because another replica has written them since they were read. */
  writeStats(writes: readonly StatWrite[], nowMs: number): Promise<string[]>;
  /** Reads fade with the half-life before the new ones are added. */
  addReads(deltas: readonly ReadsDelta[], nowMs: number): Promise<ReadStat[]>;
  /**
   * Of the next `atMost` rows behind `afterKey` ('' is before the first) removes those that nobody has read or refreshed since
   * `beforeMs`. Undefined: that was the last of them.
   */
  forgetUnused(
    afterKey: string,
    atMost: number,
    beforeMs: number,
  ): Promise<{ lastKey: string; removed: number } | undefined>;
}

/** Of reads: what was asked for an hour ago counts half. */
export const READS_HALF_LIFE_MS = 3_600_000;

const READ_BEFORE = {
  name: 'resource-stats-before',
  // One index lookup a key, whatever the planner thinks of the size of the table.
  text: `select s.* from unnest($1::text[]) as wanted(key) cross join lateral (
      select key, revision, history, refreshes, cost, reads, reads_at from resource_stat s
      where s.key = wanted.key) s`,
};

const FADED = (half: string): string => `s.reads * power(0.5, greatest(0, excluded.reads_at - s.reads_at) / ${half})`;

/** In the order of keys, as all who write many rows at once: two batches that meet lock them in one order. */
const WRITE = {
  name: 'write-resource-stats',
  text: `with incoming as (
      select * from unnest($3::text[], $4::text[], $5::text[], $6::double precision[], $7::bigint[], $8::bigint[], $9::bigint[],
        $10::bigint[], $11::bytea[], $12::bigint[], $13::double precision[], $14::double precision[], $15::double precision[]) as i(
        key, upstream, template, reads, refreshes, changes, last_changed_at,
        revision, history, observations, change_rate, rate_spread, cost)
    ), written as (
      insert into resource_stat as s (key, upstream, template, reads, reads_at, refreshes, changes, last_changed_at,
        revision, history, observations, change_rate, rate_spread, cost)
      select key, upstream, template, reads, $1::bigint, refreshes, changes, last_changed_at,
        revision, history, observations, change_rate, rate_spread, cost from incoming order by key
      on conflict (key) do update set
        template = excluded.template,
        reads = ${FADED('$2::double precision')} + excluded.reads,
        reads_at = greatest(excluded.reads_at, s.reads_at),
        refreshes = s.refreshes + excluded.refreshes,
        changes = s.changes + excluded.changes,
        last_changed_at = coalesce(excluded.last_changed_at, s.last_changed_at),
        revision = excluded.revision,
        history = excluded.history,
        observations = excluded.observations,
        change_rate = excluded.change_rate,
        rate_spread = excluded.rate_spread,
        cost = excluded.cost
      where s.revision = excluded.revision - 1
      returning key
    )
    select key from incoming except select key from written`,
};

const ADD_READS = {
  name: 'add-reads',
  text: `insert into resource_stat as s (key, upstream, reads, reads_at)
    select key, upstream, reads, $1::bigint from unnest($3::text[], $4::text[], $5::double precision[]) as i(key, upstream, reads)
    order by key
    on conflict (key) do update set
      reads = ${FADED('$2::double precision')} + excluded.reads,
      reads_at = greatest(excluded.reads_at, s.reads_at)
    returning key, reads, change_rate, cost`,
};

const FORGET_UNUSED = {
  name: 'forget-unused-stats',
  text: `with page as (
      select key, reads_at from resource_stat where key > $1 order by key limit $2
    ), gone as (
      delete from resource_stat where key in (
        select s.key from resource_stat s where s.key in (select key from page where reads_at < $3::bigint)
          and s.reads_at < $3::bigint order by s.key for update skip locked)
      returning 1
    )
    select (select max(key) from page) as last_key, (select count(*) from gone)::integer as removed`,
};

interface BeforeRow {
  key: string;
  revision: number;
  history: Uint8Array;
  refreshes: number;
  cost: number;
  reads: number;
  reads_at: number;
}

interface ReadRow {
  key: string;
  change_rate: number | null;
  cost: number;
  reads: number;
}

/** `timeScale`: so much faster than the world's runs the clock that reads fade by. */
export function createResourceStatWriter(store: Store, { timeScale = 1 } = {}): ResourceStatWriter {
  const halfLifeMs = READS_HALF_LIFE_MS / timeScale;
  return {
    async readBefore(keys) {
      return (await store.query<BeforeRow>(READ_BEFORE, [textArray(keys)])).map(beforeOf);
    },
    async writeStats(writes, nowMs) {
      if (writes.length === 0) return [];
      const values = [Math.round(nowMs), halfLifeMs, ...columnsOf(writes)];
      return (await store.query<{ key: string }>(WRITE, values)).map(({ key }) => key);
    },
    async addReads(deltas, nowMs) {
      if (deltas.length === 0) return [];
      const columns = [
        textArray(deltas.map(({ key }) => key)),
        textArray(deltas.map(({ upstream }) => upstream)),
        doubleArray(deltas.map(({ reads }) => reads)),
      ];
      return (await store.query<ReadRow>(ADD_READS, [Math.round(nowMs), halfLifeMs, ...columns])).map(readOf);
    },
    async forgetUnused(afterKey, atMost, beforeMs) {
      const [row] = await store.query<{ last_key: string | null; removed: number }>(FORGET_UNUSED, [
        afterKey,
        atMost,
        Math.round(beforeMs),
      ]);
      const lastKey = row?.last_key ?? null;
      return lastKey === null ? undefined : { lastKey, removed: row?.removed ?? 0 };
    },
  };
}

function readOf({ key, change_rate, cost, reads }: ReadRow): ReadStat {
  return { key, changeRate: change_rate, cost, reads };
}

function beforeOf(row: BeforeRow): StatBefore {
  return {
    key: row.key,
    revision: row.revision,
    history: row.history,
    refreshes: row.refreshes,
    cost: row.cost,
    reads: row.reads,
    readsAt: row.reads_at,
  };
}

/** In the order of the statement's parameters. What is no whole number travels as null: so does a null. */
function columnsOf(writes: readonly StatWrite[]): Buffer[] {
  const texts = (of: (write: StatWrite) => string): Buffer => textArray(writes.map(of));
  const whole = (of: (write: StatWrite) => number | null): Buffer =>
    bigintArray(writes.map((write) => of(write) ?? Number.NaN));
  const numbers = (of: (write: StatWrite) => number | null): Buffer => doubleArray(writes.map(of));
  return [
    texts(({ key }) => key),
    texts(({ upstream }) => upstream),
    texts(({ template }) => template),
    numbers(({ reads }) => reads),
    whole(({ refreshes }) => refreshes),
    whole(({ changes }) => changes),
    whole(({ lastChangedAt }) => lastChangedAt),
    whole(({ revision }) => revision),
    byteaArray(writes.map(({ history }) => history)),
    whole(({ observations }) => observations),
    numbers(({ changeRate }) => changeRate),
    numbers(({ rateSpread }) => rateSpread),
    numbers(({ cost }) => cost),
  ];
}
