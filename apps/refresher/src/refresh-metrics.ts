import type { Metrics } from '#runtime';

/** `asked`: left for the holder; `pending`: somebody had asked already; `overtaken`: moot; the rest comes again. */
export type RefreshOutcome = 'asked' | 'pending' | 'overtaken' | 'full' | 'bus-away' | 'store-away' | 'given-up';

export interface RefreshMetrics {
  refreshed(upstream: string, outcome: RefreshOutcome, count?: number): void;
}

export function createRefreshMetrics(metrics: Metrics): RefreshMetrics {
  const total = metrics.counter('penstock_refreshes_total', 'Reminders, by what was decided', ['upstream', 'outcome']);
  return { refreshed: (upstream, outcome, count = 1) => total.inc({ upstream, outcome }, count) };
}
