import type { PlannerAnswer, TightestWindow, WindowShare } from '#core';

/** What budgets give; docs/planner.md says what each field means. Shares are from 0 to 1, rates per second. */
export interface PlanForecast extends PlannerAnswer {
  readonly spend: 'target' | 'all';
  /** The same in sentences. */
  readonly says: readonly string[];
}

/** `GET /v1/plan`: a forecast by what was learned of an upstream. */
export interface PlanReport extends PlanForecast {
  readonly upstream: string;
  /** RFC 3339, UTC. */
  readonly at: string;
  readonly budget: PlanBudget;
  /** Over all resources, in the last hours. */
  readonly readsPerSecond: number;
  /** Each window, the upstream's own first. */
  readonly limits: readonly WindowShare[];
  /** What to ask the vendor to raise: the tightest window of the upstream, then those of buckets that hold back what is worth more. */
  readonly raise: readonly TightestWindow[];
}

/** What the background may spend now. Null: nobody knows, as long as no limit is configured and none was learned. */
export interface PlanBudget {
  readonly callsPerSecond: number | null;
  readonly from: 'live' | 'configured' | 'learned' | 'unknown';
}
