import type { Store } from './store.js';

/** Resources in the order of their paths, a column each, with what was learned of them. */
export interface PlanPage {
  readonly paths: readonly string[];
  /** Of its own; null: the upstream's. */
  readonly maxAgesMs: readonly (number | null)[];
  readonly weights: readonly number[];
  readonly tags: readonly (readonly string[])[];
  /** Changes per second; null: none was observed. */
  readonly changeRates: readonly (number | null)[];
  /** Standard deviations of the rates' natural logarithms. */
  readonly rateSpreads: readonly (number | null)[];
  /** Faded to the moment that was asked for. */
  readonly reads: readonly number[];
  /** Calls' worth of a refresh; null: it was never refreshed. */
  readonly costs: readonly (number | null)[];
}

export interface PlanRepository {
  /** The next `limit` resources behind a path ('' is before the first); reads fade with the half-life up to `nowMs`. */
  readPlanPage(of: PlanPageQuestion): Promise<PlanPage>;
}

export interface PlanPageQuestion {
  readonly upstream: string;
  readonly afterPath: string;
  readonly limit: number;
  readonly nowMs: number;
  readonly readsHalfLifeMs: number;
}

/**
 * What was learned is kept by the key of the entry, which is the resource's own unless the answers vary: then by that of the variant that
 * is read most. A column comes as one JSON text: read as rows, a million of them would take many seconds of whoever asks.
 */
const READ = {
  name: 'plan-page',
  text: `with page as (
      select row_number() over (order by path) as n, path, key, url_hash, max_age_ms, weight, tags from resource
      where upstream = $1 and path > $2 order by path limit $3
    ), known as (
      select p.n, p.path, p.max_age_ms, p.weight, p.tags,
        coalesce(own.change_rate, varied.change_rate) as change_rate,
        coalesce(own.rate_spread, varied.rate_spread) as rate_spread,
        coalesce(own.reads * power(0.5, greatest(0, $4::bigint - own.reads_at) / $5::double precision),
          varied.reads * power(0.5, greatest(0, $4::bigint - varied.reads_at) / $5::double precision), 0) as reads,
        case when coalesce(own.observations, varied.observations) > 0 then coalesce(own.cost, varied.cost) end as cost
      from page p
      left join resource_stat own on own.key = p.key
      left join lateral (
        select s.* from entry e join resource_stat s on s.key = e.key
        where own.key is null and e.url_hash = p.url_hash and e.partition = 'shared'
        order by s.reads desc limit 1) varied on true
    )
    select coalesce(json_agg(path order by n), '[]') as paths,
      coalesce(json_agg(max_age_ms order by n), '[]') as max_ages_ms,
      coalesce(json_agg(weight order by n), '[]') as weights,
      coalesce(json_agg(tags order by n), '[]') as tags,
      coalesce(json_agg(change_rate order by n), '[]') as change_rates,
      coalesce(json_agg(rate_spread order by n), '[]') as rate_spreads,
      coalesce(json_agg(reads order by n), '[]') as reads,
      coalesce(json_agg(cost order by n), '[]') as costs
    from known`,
};

interface Row {
  paths: string[];
  max_ages_ms: (number | null)[];
  weights: number[];
  tags: string[][];
  change_rates: (number | null)[];
  rate_spreads: (number | null)[];
  reads: number[];
  costs: (number | null)[];
}

const NOTHING: PlanPage = {
  ...{ paths: [], maxAgesMs: [], weights: [], tags: [] },
  ...{ changeRates: [], rateSpreads: [], reads: [], costs: [] },
};

export function createPlanRepository(store: Store): PlanRepository {
  return {
    async readPlanPage({ upstream, afterPath, limit, nowMs, readsHalfLifeMs }) {
      const values = [upstream, afterPath, limit, Math.round(nowMs), readsHalfLifeMs];
      const [row] = await store.query<Row>(READ, values);
      if (row === undefined) return NOTHING;
      return {
        paths: row.paths,
        maxAgesMs: row.max_ages_ms,
        weights: row.weights,
        tags: row.tags,
        changeRates: row.change_rates,
        rateSpreads: row.rate_spreads,
        reads: row.reads,
        costs: row.costs,
      };
    },
  };
}
