import { planSentences, planSteps, PlannerSheetMaker, raiseSentence, tightestOf, WHOLE_UPSTREAM } from '#core';
import type { PlannerAnswer, PlannerSheet, Steps, TightestWindow, WindowShare } from '#core';
import type { PlanReport, UpstreamConfig } from '#contracts';
import type { Clock } from '#runtime';
import { READS_HALF_LIFE_MS } from '#store';
import type { PlanRepository, ResourceStatRepository } from '#store';
import type { DirectoryService } from './directory.service.js';
import { bucketBudgets, budgetOf, windowsOf } from './plan-budget.js';
import type { PlanQuery } from './plan-query.js';
import { countingBy } from './plan-resources.js';
import { ProblemException } from './problem.filter.js';
import type { StatesService } from './states.service.js';
import type { UpstreamView } from './upstream-view.js';

export interface PlanOptions {
  readonly directory: DirectoryService;
  readonly states: StatesService;
  readonly plans: PlanRepository;
  readonly stats: Pick<ResourceStatRepository, 'readPriors'>;
  readonly clock: Clock;
  /** So much faster than the world's run half-lives and maxAge. */
  readonly timeScale: number;
}

/** So many are read, and one step computed, in a few milliseconds: users' hits are answered between. */
const AT_ONCE = 1_000;
const RETRY_AFTER_MS = 3_000;
/** As the scheduler expects: once in the upstream's maxAge, or else in this. */
const CHANGES_EVERY_MS = 600_000;

/** What a budget gives, by what was learned. One plan at a time: each may read a million resources. */
export class PlanService {
  private before: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: PlanOptions) {}

  plan(query: PlanQuery): Promise<PlanReport> {
    const view = this.viewOf(query.upstream);
    const plan = this.before.then(() => this.planOf(view, query));
    this.before = plan.catch(() => undefined);
    return plan;
  }

  private async planOf({ id, config }: UpstreamView, { rates, freshness }: PlanQuery): Promise<PlanReport> {
    const { clock, states } = this.options;
    const heard = states.stateOf(id);
    const { spend, background } = config.refresh;
    const budget = budgetOf(config.limits, heard);
    const limits = windowsOf(config.limits, heard);
    const asked = rates ?? (budget.callsPerSecond === null ? [] : [budget.callsPerSecond]);
    const buckets = bucketBudgets(config.limits, limits);
    const sheet = await this.sheetOf(id, config, background);
    const answer = await inTurns(planSteps(sheet, { rates: asked, spend, buckets, freshness }));
    const raise = raisable(answer, limits);
    return {
      upstream: id,
      at: new Date(clock.now()).toISOString(),
      spend,
      budget,
      readsPerSecond: (sheet.reads * Math.LN2 * 1000) / this.readsHalfLifeMs,
      ...answer,
      limits,
      raise,
      says: [...planSentences(answer, spend), ...raise.map(raiseSentence)],
    };
  }

  private async sheetOf(upstream: string, config: UpstreamConfig, background: boolean): Promise<PlannerSheet> {
    const { plans, stats, clock, timeScale } = this.options;
    const everyMs = config.refresh.maxAgeMs ?? CHANGES_EVERY_MS;
    const maker = new PlannerSheetMaker((1000 * timeScale) / everyMs);
    if (!background) return maker.make();
    const { readsHalfLifeMs } = this;
    try {
      const priors = await stats.readPriors(upstream);
      const counted = countingBy({ config, priors, timeScale });
      const question = { upstream, nowMs: clock.now(), readsHalfLifeMs, atOnce: AT_ONCE };
      for await (const rows of plans.readPlan(question)) for (const row of rows) maker.add(counted(row));
    } catch (error) {
      const detail = `what was learned could not be read from PostgreSQL (${String(error)}); try again`;
      throw new ProblemException({ code: 'store_away', detail, upstream, retryAfterMs: RETRY_AFTER_MS });
    }
    return maker.make();
  }

  private get readsHalfLifeMs(): number {
    return READS_HALF_LIFE_MS / this.options.timeScale;
  }

  private viewOf(id: string): UpstreamView {
    const { directory } = this.options;
    const view = directory.get(id);
    if (view !== undefined) return view;
    const names = directory.list().map((known) => known.id);
    const detail = `no upstream is named ${id}; there are: ${names.join(', ')}`;
    throw new ProblemException({ code: 'unknown_upstream', detail });
  }
}

/** A step, and whatever else waits for this process, in turn. */
async function inTurns<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function raisable({ rates }: PlannerAnswer, limits: readonly WindowShare[]): TightestWindow[] {
  const full = rates.flatMap(({ buckets }) => buckets.filter(({ isFull }) => isFull).map(({ name }) => name));
  return [WHOLE_UPSTREAM, ...new Set(full)].flatMap((scope) => tightestOf(limits, scope) ?? []);
}
