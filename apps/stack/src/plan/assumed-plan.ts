import { logNormalRates, planAtOnce, PlannerSheetMaker, planSentences, zipfOf } from '#core';
import type { PlanForecast } from '#contracts';
import type { AssumedOrder, Demand } from './plan-order.js';
import type { ListedResource } from './resource-list.js';

/** On the mean, so many that it does not matter how many exactly. */
const READS_OF_EACH = 1_000;
const HOUR_S = 3_600;

/** A plan before anything runs: by what the list says, and what is assumed besides. */
export function assumedPlan(listed: readonly ListedResource[], order: AssumedOrder): PlanForecast {
  const { changeEveryMs, spread, seed, rates, freshness } = order;
  const assumed = logNormalRates({ resources: listed.length, everyS: changeEveryMs / 1000, spread, seed });
  const reads = readsOf(listed, order.demand);
  const maker = new PlannerSheetMaker(1000 / changeEveryMs);
  for (const [i, { maxAgeMs: own, weight, changesPerHour }] of listed.entries()) {
    maker.add({
      changesPerSecond: changesPerHour === undefined ? (assumed[i] ?? 0) : changesPerHour / HOUR_S,
      rateError: 0,
      isOfItsKind: false,
      reads: reads[i] ?? 0,
      weight: order.demand === 'weights' ? 1 : weight,
      cost: 1,
      maxAgeS: (own ?? order.maxAgeMs ?? Infinity) / 1000,
      isFloor: own !== undefined,
      bucket: 0,
    });
  }
  const spend = order.spend ?? (hasTarget(listed, order) ? 'target' : 'all');
  const answer = planAtOnce(maker.make(), { rates, spend, buckets: [], freshness });
  return { spend, ...answer, says: planSentences(answer, spend) };
}

function readsOf(listed: readonly ListedResource[], demand: Demand): ArrayLike<number> {
  switch (demand) {
    case 'zipf':
      return zipfOf(listed.length).map((share) => share * listed.length * READS_OF_EACH);
    case 'equal':
      return new Float64Array(listed.length).fill(READS_OF_EACH);
    case 'weights': {
      const all = listed.reduce((sum, { weight }) => sum + weight, 0);
      return listed.map(({ weight }) => (weight / all) * listed.length * READS_OF_EACH);
    }
  }
}

function hasTarget(listed: readonly ListedResource[], { maxAgeMs }: AssumedOrder): boolean {
  return maxAgeMs !== undefined || listed.some((one) => one.maxAgeMs !== undefined);
}
