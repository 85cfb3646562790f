import type { Store } from './store.js';

/** One resource, with what was learned of it. */
export interface PlanRow {
  readonly path: string;
  /** Of its own; null: the upstream's. */
  readonly maxAgeMs: number | null;
  readonly weight: number;
  readonly tags: readonly string[];
  /** Changes per second; null: none was observed. */
  readonly changeRate: number | null;
  /** Standard deviation of the rate's natural logarithm; null with it. */
  readonly rateSpread: number | null;
  /** Faded to the moment that was asked for. */
  readonly reads: number;
  /** Calls' worth of a refresh; null: it was never refreshed. */
  readonly cost: number | null;
}

export interface PlanRepository {
  /** All resources of an upstream, some at a time, in no order. Reads fade with the half-life up to `nowMs`. */
  readPlan(of: PlanQuestion): AsyncIterable<readonly PlanRow[]>;
}

export interface PlanQuestion {
  readonly upstream: string;
  readonly nowMs: number;
  readonly readsHalfLifeMs: number;
  /** How many at a time. */
  readonly atOnce: number;
}

/**
 * What was learned is kept by the key of the entry, which is the resource's own unless the answers vary: then by that of the variant that
 * is read most. A row comes as one JSON text, which costs its reader a third of what eight columns do.
 */
const READ = `declare plan no scroll cursor for
  select json_build_array(r.path, r.max_age_ms, r.weight, r.tags,
    coalesce(own.change_rate, varied.change_rate),
    coalesce(own.rate_spread, varied.rate_spread),
    coalesce(own.reads * power(0.5, greatest(0, $2::bigint - own.reads_at) / $3::double precision),
      varied.reads * power(0.5, greatest(0, $2::bigint - varied.reads_at) / $3::double precision), 0),
    case when coalesce(own.observations, varied.observations) > 0 then coalesce(own.cost, varied.cost) end) as known
  from resource r
  left join resource_stat own on own.key = r.key
  left join lateral (
    select s.* from entry e join resource_stat s on s.key = e.key
    where own.key is null and e.url_hash = r.url_hash and e.partition = 'shared'
    order by s.reads desc limit 1) varied on true
  where r.upstream = $1`;

/** To read everything is what is wanted here, at once and not a lookup at a time: a million of those take ten times as long. */
const WHOLE = [
  'set local enable_seqscan = on',
  'set local cursor_tuple_fraction = 1',
  "set local work_mem = '64MB'",
] as const;

type Known = [
  path: string,
  maxAgeMs: number | null,
  weight: number,
  tags: string[],
  changeRate: number | null,
  rateSpread: number | null,
  reads: number,
  cost: number | null,
];

export function createPlanRepository(store: Store): PlanRepository {
  return {
    async *readPlan({ upstream, nowMs, readsHalfLifeMs, atOnce }) {
      const runner = store.dataSource.createQueryRunner();
      const fetchSome = async (): Promise<PlanRow[]> => {
        const rows = (await runner.query(`fetch ${Math.trunc(atOnce)} from plan`)) as { known: Known }[];
        return rows.map(({ known }) => rowOf(known));
      };
      try {
        await runner.startTransaction();
        for (const statement of WHOLE) await runner.query(statement);
        await runner.query(READ, [upstream, Math.round(nowMs), readsHalfLifeMs]);
        for (let rows = await fetchSome(); rows.length > 0; rows = await fetchSome()) yield rows;
      } finally {
        // Nothing was written: whether it ends well or is left half way, there is nothing to keep.
        if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
        await runner.release();
      }
    },
  };
}

function rowOf([path, maxAgeMs, weight, tags, changeRate, rateSpread, reads, cost]: Known): PlanRow {
  return { path, maxAgeMs, weight, tags, changeRate, rateSpread, reads, cost };
}
