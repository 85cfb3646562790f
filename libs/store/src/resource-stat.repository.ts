import type { PriorRates } from '#core';
import type { Store } from './store.js';

/** What is known of one resource by its refreshes and reads. */
export interface ResourceStat {
  /** Of the entry. */
  readonly key: string;
  /** Of its path (`templateOf`); empty while only reads are known. */
  readonly template: string;
  /** Refreshes that showed whether it had changed. */
  readonly observations: number;
  /** Changes per second; null: not observed yet, so that its kind speaks for it. */
  readonly changeRate: number | null;
  /** Standard deviation of the rate's natural logarithm; null with it. */
  readonly rateSpread: number | null;
  /** Each counted for less the longer ago it was, as of `readsAt` (epoch ms). */
  readonly reads: number;
  readonly readsAt: number;
  /** Calls' worth of one refresh. */
  readonly cost: number;
}

/** Where the next page begins. */
export type StatCursor = Pick<ResourceStat, 'template' | 'key'>;

export interface ResourceStatRepository {
  /** A page of at most `limit`, in an order of its own: the last of it is the cursor of the next. */
  readStats(upstream: string, after: StatCursor | undefined, limit: number): Promise<ResourceStat[]>;
  /** Mean rates of kinds of paths, of samples where there are many; undefined: nothing is known of this upstream. */
  readPriors(upstream: string): Promise<PriorRates | undefined>;
}

interface Row {
  key: string;
  template: string;
  observations: number;
  change_rate: number | null;
  rate_spread: number | null;
  reads: number;
  reads_at: number;
  cost: number;
}

const READ = {
  name: 'resource-stats',
  text: `select key, template, observations, change_rate, rate_spread, reads, reads_at, cost from resource_stat
    where upstream = $1 and (template, key) > ($2, $3) order by upstream, template, key limit $4`,
};

/** Beyond so many templates the paths have no kinds: the upstream speaks for the others. */
const MOST_TEMPLATES = 1_000;
const SAMPLED = 30_000;
const LEAST_SAMPLED_OF_ONE = 30;
/** The mean of fewer says nothing of their kind. */
const FEW = 3;

/**
 * The mean of the logarithms: of rates that are spread log-normally it is the median. The median itself will not do: estimates of what was
 * seen once or twice are drawn to the prior, most of them to one side of it, so that a median of them climbs from prior to prior.
 *
 * Walks from template to template along the index. Keys are hashes: those that come first are a fair sample.
 */
const READ_PRIORS = {
  name: 'prior-rates',
  text: `with recursive kind(template, n) as (
      (select template, 1 from resource_stat where upstream = $1 order by template limit 1)
      union all
      select following.template, kind.n + 1 from kind cross join lateral (
        select s.template from resource_stat s where s.upstream = $1 and s.template > kind.template
        order by s.template limit 1) following
      where kind.n < ${MOST_TEMPLATES}
    )
    select kind.template, known.count, known.log_mean from kind cross join lateral (
      select count(*)::integer as count, avg(ln(seen.change_rate)) as log_mean from (
        select s.change_rate from resource_stat s where s.upstream = $1 and s.template = kind.template order by s.key
        limit (select greatest(${LEAST_SAMPLED_OF_ONE}, ${SAMPLED} / count(*)) from kind)) seen
      where seen.change_rate > 0) known
    where known.count > 0`,
};

interface PriorRow {
  template: string;
  count: number;
  /** Of natural logarithms. */
  log_mean: number;
}

export function createResourceStatRepository(store: Store): ResourceStatRepository {
  return {
    async readStats(upstream, after, limit) {
      const { template, key } = after ?? { template: '', key: '' };
      return (await store.query<Row>(READ, [upstream, template, key, limit])).map(statOf);
    },
    async readPriors(upstream) {
      return priorsOf(await store.query<PriorRow>(READ_PRIORS, [upstream]));
    },
  };
}

function statOf(row: Row): ResourceStat {
  return {
    key: row.key,
    template: row.template,
    observations: row.observations,
    changeRate: row.change_rate,
    rateSpread: row.rate_spread,
    reads: row.reads,
    readsAt: row.reads_at,
    cost: row.cost,
  };
}

function priorsOf(rows: readonly PriorRow[]): PriorRates | undefined {
  if (rows.length === 0) return undefined;
  const known = rows.filter(({ count }) => count >= FEW);
  return {
    overall: Math.exp(meanOf(rows)),
    templates: Object.fromEntries(known.map(({ template, log_mean }) => [template, Math.exp(log_mean)])),
  };
}

function meanOf(rows: readonly PriorRow[]): number {
  const total = rows.reduce((sum, { count }) => sum + count, 0);
  return rows.reduce((sum, { count, log_mean }) => sum + count * log_mean, 0) / total;
}
