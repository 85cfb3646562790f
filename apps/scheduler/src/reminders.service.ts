import { SHARED_PARTITION } from '#core';
import type { Bus, Publisher, PublishVerdict, ToldEvent } from '#bus';
import { batchToken, bucketOf, DEFAULT_BUCKET, inBatches, jointRulesOf } from '#contracts';
import type { LearnedStats, RefreshBatch, RefreshWork, UpstreamConfig, UpstreamState } from '#contracts';
import type { Logger } from '#runtime';
import { Fit } from './fit.js';
import { JointGathering } from './joint-gathering.js';
import { ReminderPace } from './pace.js';
import { PlanReadingService } from './plan-reading.service.js';
import type { PlanReadingOptions } from './plan-reading.service.js';
import { RefreshPlan } from './plan.js';
import type { Reminder } from './plan.js';
import type { Mode, ScheduleMetrics } from './schedule-metrics.js';
import type { Choice } from './turns.js';

export interface RemindersOptions extends PlanReadingOptions {
  readonly bus: Bus;
  readonly publisher: Publisher;
  readonly metrics: ScheduleMetrics;
  readonly logger: Logger;
  /** Asked at each tick. */
  mayRemind(): boolean;
}

export interface Configured {
  readonly config: UpstreamConfig;
  readonly version: number;
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

/** Why, and where one call is to bring all of a batch, by which rule. */
type How = Pick<RefreshBatch, 'reason' | 'together'>;

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
  private gathering: JointGathering;
  private readonly reading: PlanReadingService;
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
    this.gathering = gatheringFor(configured);
    this.reading = new PlanReadingService(this.plan, options);
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
    const nowMs = this.options.clock.now();
    for (const waiting of this.gathering.clear()) this.plan.refused(waiting, nowMs);
    this.gathering = gatheringFor(configured);
    this.isListStale = true;
    this.look(undefined);
  }

  /** The bus was away: what was left with it may be lost, and facts were missed. */
  startOver(): void {
    this.gathering.clear();
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
    const { stale, due, cost } = this.plan.take(allowed, choice, nowMs);
    this.pace.spend(stale.length + due.length, cost);
    metrics.due(upstream, this.plan.overdue(nowMs));
    metrics.mode(upstream, modeOf(choice));
    this.remindAll(stale, 'known-stale');
    this.remindAll(due, 'due');
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

  private remindAll(reminders: readonly Reminder[], reason: How['reason']): void {
    const nowMs = this.options.clock.now();
    const { alone, calls } = this.gathering.take(reminders, nowMs, reason === 'known-stale');
    for (const { rule, items } of calls) {
      const { call, match: together } = rule.config;
      const bucket = bucketOf(this.configured.config.limits.buckets, call) ?? DEFAULT_BUCKET;
      void this.remind(bucket, items, { reason, together });
    }
    for (const [bucket, some] of this.byBucket(alone))
      for (const batch of inBatches(some, this.pace.together(), charsOf)) void this.remind(bucket, batch, { reason });
  }

  /** Each declared bucket has a queue of its own at the holder. */
  private byBucket(reminders: readonly Reminder[]): Iterable<readonly [string, readonly Reminder[]]> {
    const { buckets } = this.configured.config.limits;
    if (buckets.length === 0) return [[DEFAULT_BUCKET, reminders]];
    const byBucket = new Map<string, Reminder[]>();
    for (const reminder of reminders) {
      const bucket = bucketOf(buckets, reminder.path) ?? DEFAULT_BUCKET;
      const others = byBucket.get(bucket);
      if (others === undefined) byBucket.set(bucket, [reminder]);
      else others.push(reminder);
    }
    return byBucket;
  }

  /** What leaves in one tick leaves together: a message for each would cost several times what there is to say. */
  private async remind(bucket: string, batch: readonly Reminder[], how: How): Promise<void> {
    const { upstream, metrics, clock } = this.options;
    const verdict = await this.leave(bucket, batch, how).catch((error: unknown) => this.unexpected(error));
    metrics.reminded(upstream, verdict, batch.length);
    const isLeft = verdict === 'stored' || verdict === 'already-pending';
    if (isLeft || this.isClosed) return;
    for (const reminder of batch) this.plan.refused(reminder, clock.now());
  }

  /** One alone has its key for a subject, so that the broker refuses a second. */
  private leave(bucket: string, batch: readonly Reminder[], how: How): Promise<PublishVerdict> {
    const { upstream, bus, publisher } = this.options;
    const told: Omit<RefreshBatch, 'items'> = {
      ...publisher.envelope({ cause: 'schedule' }),
      upstream,
      bucket,
      partition: SHARED_PARTITION,
      ...how,
      configVersion: this.configured.version,
    };
    const [first, ...others] = batch;
    if (first !== undefined && others.length === 0) {
      const work: RefreshWork = { ...told, ...first };
      return publisher.publishWork(bus.subjects.refresh('later', upstream, first.key), work);
    }
    const work: RefreshBatch = { ...told, items: batch };
    return publisher.publishWork(bus.subjects.refresh('later', upstream, batchToken(told.id)), work);
  }

  private unexpected(error: unknown): PublishVerdict {
    this.options.logger.error({ err: error, upstream: this.options.upstream }, 'reminders could not be left');
    return 'away';
  }
}

function gatheringFor({ config }: Configured): JointGathering {
  return new JointGathering(jointRulesOf(config.refresh.together));
}

/** As they stand in a message: two hashes and a version besides what differs. */
const charsOf = ({ path, variant }: Reminder): number => path.length + variant.length + 200;

function modeOf({ fits, spendsAll }: Choice): Mode {
  if (!fits) return 'value';
  return spendsAll ? 'targets-and-value' : 'targets';
}
