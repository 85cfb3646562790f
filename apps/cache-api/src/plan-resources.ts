import { priorRateOf, templateOf } from '#core';
import type { CountedResource, PriorRates } from '#core';
import { bucketOf, costOf, costTogether, jointRulesOf } from '#contracts';
import type { UpstreamConfig } from '#contracts';
import type { PlanPage } from '#store';

/** By how much, as a logarithm, rates differ within one kind of path. */
const SPREAD_OF_A_KIND = 1.5;

export interface PlanGrounds {
  readonly config: UpstreamConfig;
  readonly priors: PriorRates | undefined;
  readonly timeScale: number;
}

type Rate = Pick<CountedResource, 'changesPerSecond' | 'rateError' | 'isOfItsKind'>;

/** Resources as a plan counts them: as they were seen, else as their kind is, else as the configuration says. */
export function* plannedOf(page: PlanPage, grounds: PlanGrounds): Iterable<CountedResource> {
  const { limits, refresh } = grounds.config;
  const multipliers = new Map(refresh.multipliers.map(({ tag, by }) => [tag, by]));
  const joint = jointRulesOf(refresh.together);
  const buckets = new Map(limits.buckets.map(({ name }, i) => [name, i + 1]));
  for (const [i, path] of page.paths.entries()) {
    const own = page.maxAgesMs[i] ?? null;
    yield Object.assign(rateOf(page, i, grounds.priors), {
      reads: page.reads[i] ?? 0,
      weight: (page.tags[i] ?? []).reduce((all, tag) => all * (multipliers.get(tag) ?? 1), page.weights[i] ?? 1),
      cost: page.costs[i] ?? costTogether(joint, path) ?? costOf(limits.costs, path) ?? 1,
      maxAgeS: (own ?? refresh.maxAgeMs ?? Infinity) / 1000 / grounds.timeScale,
      isFloor: own !== null,
      bucket: buckets.get(bucketOf(limits.buckets, path) ?? '') ?? 0,
    });
  }
}

function rateOf(page: PlanPage, i: number, priors: PriorRates | undefined): Rate {
  const seen = page.changeRates[i] ?? null;
  if (seen !== null) return { changesPerSecond: seen, rateError: page.rateSpreads[i] ?? 0, isOfItsKind: false };
  const expected = priorRateOf(priors, templateOf(page.paths[i] ?? '')) ?? null;
  return { changesPerSecond: expected, rateError: SPREAD_OF_A_KIND, isOfItsKind: true };
}
