import { priorRateOf, templateOf } from '#core';
import type { CountedResource, PriorRates } from '#core';
import { bucketOf, costOf, costTogether, jointRulesOf } from '#contracts';
import type { UpstreamConfig } from '#contracts';
import type { PlanRow } from '#store';

/** By how much, as a logarithm, rates differ within one kind of path. */
const SPREAD_OF_A_KIND = 1.5;

export interface PlanGrounds {
  readonly config: UpstreamConfig;
  readonly priors: PriorRates | undefined;
  readonly timeScale: number;
}

type Rate = Pick<CountedResource, 'changesPerSecond' | 'rateError' | 'isOfItsKind'>;

/** How a plan counts a resource: as it was seen, else as its kind is, else as the configuration says. */
export function countingBy({ config, priors, timeScale }: PlanGrounds): (row: PlanRow) => CountedResource {
  const { limits, refresh } = config;
  const multipliers = new Map(refresh.multipliers.map(({ tag, by }) => [tag, by]));
  const joint = jointRulesOf(refresh.together);
  const buckets = new Map(limits.buckets.map(({ name }, i) => [name, i + 1]));
  return (row) =>
    Object.assign(rateOf(row, priors), {
      reads: row.reads,
      weight: row.tags.reduce((all, tag) => all * (multipliers.get(tag) ?? 1), row.weight),
      cost: row.cost ?? costTogether(joint, row.path) ?? costOf(limits.costs, row.path) ?? 1,
      maxAgeS: (row.maxAgeMs ?? refresh.maxAgeMs ?? Infinity) / 1000 / timeScale,
      isFloor: row.maxAgeMs !== null,
      bucket: buckets.get(bucketOf(limits.buckets, row.path) ?? '') ?? 0,
    });
}

function rateOf({ path, changeRate, rateSpread }: PlanRow, priors: PriorRates | undefined): Rate {
  if (changeRate !== null) return { changesPerSecond: changeRate, rateError: rateSpread ?? 0, isOfItsKind: false };
  const expected = priorRateOf(priors, templateOf(path)) ?? null;
  return { changesPerSecond: expected, rateError: SPREAD_OF_A_KIND, isOfItsKind: true };
}
