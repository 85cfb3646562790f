import type { ToldEvent } from '#bus';
import type { LearnedStats, UpstreamState } from '#contracts';
import { Fit } from './fit.js';
import { LeavingService } from './leaving.service.js';
import type { Configured, LeavingOptions } from './leaving.service.js';
import { ReminderPace } from './pace.js';
import { PlanReadingService } from './plan-reading.service.js';
import type { PlanReadingOptions } from './plan-reading.service.js';
import { RefreshPlan } from './plan.js';
import type { Mode } from './schedule-metrics.js';
import type { Choice } from './turns.js';

export interface RemindersOptions extends PlanReadingOptions, LeavingOptions {
  /** Asked at each tick. */
  mayRemind(): boolean;
}

export type ScheduleEvent = ToldEvent<
  | 'entry.stored'
  | 'entry.invalidated'
  | 'entry.stale'
  | 'entry.removed'
  | 'fetch.answered'
  | 'fetch.failed'
  | 'fetch.dropped'
>;

/** Long enough to gather some, short against any maxAge. */
const TICK_MS = 50;
/** After a reading of the list the next one waits for so many times as long: while a million are being registered it changes all the time. */
const REST_AFTER_READING = 9;

/**
 * The reminders of one upstream, for as long as this replica holds its schedule. The plan is read from the store; facts keep it up to
 * date; whenever some may have been missed, it is read again.
 */
export class RemindersService {
  private readonly plan: RefreshPlan;
  private readonly pace = new ReminderPace();
  private readonly fit = new Fit();
  private readonly reading: PlanReadingService;
  private readonly leaving: LeavingService;
  private readonly ticker: NodeJS.Timeout;
  private revision: number | undefined;
  private isListStale = true;
  private listNotBeforeMs = 0;
  private areTimesStale = false;
  private isLearnedStale = true;
  private isLoaded = false;
  private loading: Promise<void> | undefined;
  private isClosed = false;

  constructor(
    private configured: Configured,
    private readonly options: RemindersOptions,
  ) {
    this.plan = new RefreshPlan(options.timeScale);
    this.reading = new PlanReadingService(this.plan, options);
    this.leaving = new LeavingService(configured, options, (reminder) =>
      this.plan.refused(reminder, options.clock.now()),
    );
    this.ticker = setInterval(() => this.tick(), TICK_MS);
    options.metrics.follow(options.upstream, () => this.plan.figures(options.clock.now()));
  }

  /** Called often; reads from the store only what may have changed. */
  look(revision: number | undefined): void {
    if (revision !== undefined && revision !== this.revision) this.isListStale = true;
    const isListDue = this.isListStale && this.options.clock.now() >= this.listNotBeforeMs;
    if (!isListDue && !this.areTimesStale && !this.isLearnedStale && !this.plan.doubts) return;
    this.loading ??= this.load(isListDue, revision).finally(() => (this.loading = undefined));
  }

  configure(configured: Configured): void {
    this.configured = configured;
    this.leaving.configure(configured);
    this.isListStale = true;
    this.look(undefined);
  }

  /** The bus was away: what was left with it may be lost, and facts were missed. */
  startOver(): void {
    this.leaving.startOver();
    this.plan.forgetOutstanding(this.options.clock.now());
    this.areTimesStale = true;
    this.isLearnedStale = true;
    this.look(undefined);
  }

  heardState(state: UpstreamState): void {
    const nowMs = this.options.clock.now();
    this.pace.heard(state, nowMs);
    this.fit.heard(state, nowMs);
  }

  heardLearned(learned: LearnedStats): void {
    if (learned.priors !== undefined) this.plan.learnPriors(learned.priors);
    this.plan.learnStats(learned, this.options.clock.now());
  }

  heard({ name, message }: ScheduleEvent): void {
    const nowMs = this.options.clock.now();
    switch (name) {
      case 'entry.stored':
        return this.plan.stored(message, nowMs);
      case 'entry.invalidated':
        return this.plan.invalidated(message, nowMs);
      case 'entry.stale':
        return this.plan.markStale([message], nowMs);
      case 'entry.removed':
        return this.plan.removed(message.keys, nowMs);
      case 'fetch.answered':
        return this.plan.answered(message, nowMs, this.pace.disturbedAt(nowMs));
      case 'fetch.failed':
        return this.plan.failed(message, nowMs);
      case 'fetch.dropped':
        return this.plan.dropped(message, nowMs);
    }
  }

  close(): void {
    this.isClosed = true;
    this.reading.close();
    clearInterval(this.ticker);
    this.options.metrics.forget(this.options.upstream);
  }

  private async load(isListDue: boolean, revision: number | undefined): Promise<void> {
    const { upstream, clock, logger } = this.options;
    const beganMs = clock.now();
    try {
      if (isListDue) await this.loadList(revision);
      if (this.areTimesStale) await this.loadTimes();
      if (this.isLearnedStale) await this.loadLearned();
      if (this.plan.doubts) await this.reading.readDoubted();
      if (this.isClosed) return;
      const told = { upstream, resources: this.plan.size, tookMs: Math.round(clock.now() - beganMs) };
      if (!this.isLoaded) logger.info(told, 'the plan is read');
      this.isLoaded = true;
      this.options.metrics.due(upstream, this.plan.overdue(clock.now()));
    } catch (error) {
      logger.warn({ err: error, upstream }, 'the plan could not be read from the store; trying again');
    }
  }

  private async loadList(revision: number | undefined): Promise<void> {
    const { configured } = this;
    const { clock } = this.options;
    const beganMs = clock.now();
    await this.reading.readList(configured.config);
    this.isListStale = configured !== this.configured;
    if (revision !== undefined) this.revision = revision;
    this.listNotBeforeMs = clock.now() + REST_AFTER_READING * (clock.now() - beganMs);
  }

  private async loadTimes(): Promise<void> {
    this.areTimesStale = false;
    try {
      await this.reading.readAllTimes();
    } catch (error) {
      this.areTimesStale = true;
      throw error;
    }
  }

  private async loadLearned(): Promise<void> {
    this.isLearnedStale = false;
    try {
      await this.reading.readLearned();
    } catch (error) {
      this.isLearnedStale = true;
      throw error;
    }
  }

  private tick(): void {
    const { bus, clock, metrics, upstream, mayRemind } = this.options;
    if (!this.isLoaded || !mayRemind() || !bus.connected()) return;
    const nowMs = clock.now();
    this.plan.forgetLost(this.pace.flowingSince(nowMs), nowMs);
    const choice = this.choice();
    const allowed = this.pace.allowance(this.ahead(choice, nowMs), nowMs);
    const taken = this.plan.take(allowed, choice, nowMs);
    this.pace.spend(taken.stale.length + taken.due.length, taken.cost);
    metrics.due(upstream, this.plan.overdue(nowMs));
    metrics.mode(upstream, modeOf(choice));
    this.leaving.leave(taken, this.pace.together(), nowMs);
    metrics.ticked((clock.now() - nowMs) / 1000);
  }

  private choice(): Choice {
    const spendsAll = this.configured.config.refresh.spend === 'all';
    return { fits: this.fit.fits(this.plan.needs.costPerSecond), spendsAll, perSecond: this.fit.perSecond };
  }

  /** Whoever has a use for every call need not wait until something is late. */
  private ahead({ fits, spendsAll }: Choice, nowMs: number): Parameters<ReminderPace['allowance']>[0] {
    const { outstanding, lead, needs, knownStale } = this.plan;
    const isHungry = !fits || spendsAll || knownStale > 0;
    return {
      outstanding,
      serviceMs: lead.serviceMs(),
      neededPerSecond: needs.callsPerSecond,
      greatestRatio: isHungry ? Infinity : this.plan.greatestRatio(nowMs),
    };
  }
}

function modeOf({ fits, spendsAll }: Choice): Mode {
  if (!fits) return 'value';
  return spendsAll ? 'targets-and-value' : 'targets';
}
