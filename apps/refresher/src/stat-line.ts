import { appended, estimateChangeRate, priorRateOf } from '#core';
import type { PriorRates } from '#core';
import type { StatBefore, StatWrite } from '#store';
import type { StatDelta } from './stat-sheet.js';

export interface LearningTerms {
  readonly priors: PriorRates | undefined;
  readonly forgetMs: number;
  readonly timeScale: number;
}

/** What is to stand in the store of a key, once what was learned has been added to what stands there. */
export function continuedFrom(before: StatBefore | undefined, delta: StatDelta, terms: LearningTerms): StatWrite {
  const history = appended(before?.history ?? NOTHING, delta.history, terms.forgetMs);
  const prior = priorRateOf(terms.priors, delta.template);
  const estimate = estimateChangeRate(history, prior, terms.timeScale);
  const isSeen = estimate !== undefined && estimate.observations > 0;
  return {
    key: delta.key,
    upstream: delta.upstream,
    template: delta.template,
    revision: (before?.revision ?? 0) + 1,
    history,
    observations: estimate?.observations ?? 0,
    changeRate: isSeen ? estimate.perSecond : null,
    rateSpread: isSeen ? estimate.spread : null,
    cost: costAfter(before, delta),
    reads: delta.reads,
    refreshes: delta.refreshes,
    changes: delta.changes,
    lastChangedAt: delta.lastChangedAt,
  };
}

/** What the first refreshes cost is not mixed with what none of them did. */
function costAfter(before: StatBefore | undefined, { cost: { kept, added } }: StatDelta): number {
  if (before === undefined || before.refreshes === 0) return kept === 1 ? 1 : added / (1 - kept);
  return before.cost * kept + added;
}

/** Reads as they are counted at `nowMs`: each half as much after one half-life. */
export function readsAt(
  nowMs: number,
  { reads, readsAt: at }: Pick<StatBefore, 'reads' | 'readsAt'>,
  halfLifeMs: number,
): number {
  return reads * 0.5 ** (Math.max(0, nowMs - at) / halfLifeMs);
}

const NOTHING = new Uint8Array(0);
