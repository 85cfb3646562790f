import { SHARED_PARTITION } from '#core';
import type { Bus, Publisher, PublishVerdict, ToldEvent } from '#bus';
import { batchToken, bucketOf, DEFAULT_BUCKET, inBatches } from '#contracts';
import type { RefreshBatch, RefreshWork, UpstreamConfig, UpstreamState } from '#contracts';
import type { Clock, Logger } from '#runtime';
import type { EntryRepository, Resource, ResourceRepository } from '#store';
import { ReminderPace } from './pace.js';
import { RefreshPlan } from './plan.js';
import type { Reminder } from './plan.js';
import type { PlannedResource } from './planned.js';
import type { ScheduleMetrics } from './schedule-metrics.js';

export interface RemindersOptions {
  readonly upstream: string;
  readonly bus: Bus;
  readonly publisher: Publisher;
  readonly resources: ResourceRepository;
  readonly entries: EntryRepository;
  readonly metrics: ScheduleMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Asked at each tick. */
  mayRemind(): boolean;
}

export interface Configured {
  readonly config: UpstreamConfig;
  readonly version: number;
}

export type ScheduleEvent = ToldEvent<
  'entry.stored' | 'entry.invalidated' | 'entry.removed' | 'fetch.answered' | 'fetch.failed' | 'fetch.dropped'
>;

/** Long enough to gather some, short against any maxAge. */
const TICK_MS = 50;

/**
 * The reminders of one upstream, for as long as this replica holds its schedule. The plan is read from the store; facts keep it up to
 * date; whenever some may have been missed, it is read again.
 */
export class RemindersService {
  private readonly plan = new RefreshPlan();
  private readonly pace = new ReminderPace();
  private readonly ticker: NodeJS.Timeout;
  private revision: number | undefined;
  private isListStale = true;
  private areTimesStale = true;
  private isLoaded = false;
  private loading: Promise<void> | undefined;
  private isClosed = false;

  constructor(
    private configured: Configured,
    private readonly options: RemindersOptions,
  ) {
    this.ticker = setInterval(() => this.tick(), TICK_MS);
  }

  /** Called often; reads from the store only what may have changed. */
  look(revision: number | undefined): void {
    if (revision !== undefined && revision !== this.revision) this.isListStale = true;
    if (this.plan.doubts) this.areTimesStale = true;
    if (!this.isListStale && !this.areTimesStale) return;
    this.loading ??= this.load(revision).finally(() => (this.loading = undefined));
  }

  configure(configured: Configured): void {
    this.configured = configured;
    this.isListStale = true;
    this.look(undefined);
  }

  /** The bus was away: what was left with it may be lost, and facts were missed. */
  startOver(): void {
    this.plan.forgetOutstanding(this.options.clock.now());
    this.areTimesStale = true;
    this.look(undefined);
  }

  heardState(state: UpstreamState): void {
    this.pace.heard(state, this.options.clock.now());
  }

  heard({ name, message }: ScheduleEvent): void {
    const nowMs = this.options.clock.now();
    switch (name) {
      case 'entry.stored':
        return this.plan.stored(message, nowMs);
      case 'entry.invalidated':
        return this.plan.invalidated(message, nowMs);
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
    clearInterval(this.ticker);
    this.options.metrics.forget(this.options.upstream);
  }

  private async load(revision: number | undefined): Promise<void> {
    const { upstream, clock, logger } = this.options;
    try {
      if (this.isListStale) await this.loadList(revision);
      if (this.areTimesStale) await this.loadTimes();
      if (!this.isLoaded) logger.info({ upstream, resources: this.plan.size }, 'the plan is read');
      this.isLoaded = true;
      this.options.metrics.due(upstream, this.plan.overdue(clock.now()));
    } catch (error) {
      logger.warn({ err: error, upstream }, 'the plan could not be read from the store; trying again');
    }
  }

  private async loadList(revision: number | undefined): Promise<void> {
    const { configured } = this;
    const { upstream, resources, clock } = this.options;
    const { background } = configured.config.refresh;
    const listed = background ? await resources.readResources(upstream) : [];
    this.plan.replaceResources(plannedOf(listed, configured.config.refresh.maxAgeMs), clock.now());
    this.isListStale = configured !== this.configured;
    if (revision !== undefined) this.revision = revision;
    // Something may be stored of what is new in the list.
    this.areTimesStale = true;
  }

  private async loadTimes(): Promise<void> {
    this.areTimesStale = false;
    try {
      this.plan.learnEntries(await this.options.entries.readTimes(this.options.upstream), this.options.clock.now());
    } catch (error) {
      this.areTimesStale = true;
      throw error;
    }
  }

  private tick(): void {
    const { bus, clock, metrics, upstream, mayRemind } = this.options;
    if (!this.isLoaded || !mayRemind() || !bus.connected()) return;
    const nowMs = clock.now();
    this.plan.forgetLost(this.pace.flowingSince(nowMs), nowMs);
    const { outstanding, lead, neededPerSecond } = this.plan;
    const greatestRatio = this.plan.greatestRatio(nowMs);
    const ahead = { outstanding, serviceMs: lead.serviceMs(), neededPerSecond, greatestRatio };
    const allowed = this.pace.allowance(ahead, nowMs);
    const reminders = this.plan.take(allowed, nowMs);
    this.pace.spend(reminders.length);
    metrics.due(upstream, this.plan.overdue(nowMs));
    for (const [bucket, some] of this.byBucket(reminders))
      for (const batch of inBatches(some, this.pace.together(), charsOf)) void this.remind(bucket, batch);
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
  private async remind(bucket: string, batch: readonly Reminder[]): Promise<void> {
    const { upstream, metrics, clock } = this.options;
    const verdict = await this.leave(bucket, batch).catch((error: unknown) => this.unexpected(error));
    metrics.reminded(upstream, verdict, batch.length);
    const isLeft = verdict === 'stored' || verdict === 'already-pending';
    if (isLeft || this.isClosed) return;
    for (const reminder of batch) this.plan.refused(reminder, clock.now());
  }

  /** One alone has its key for a subject, so that the broker refuses a second. */
  private leave(bucket: string, batch: readonly Reminder[]): Promise<PublishVerdict> {
    const { upstream, bus, publisher } = this.options;
    const told: Omit<RefreshBatch, 'items'> = {
      ...publisher.envelope({ cause: 'schedule' }),
      upstream,
      bucket,
      partition: SHARED_PARTITION,
      reason: 'due',
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

/** As they stand in a message: two hashes and a version besides what differs. */
const charsOf = ({ path, variant }: Reminder): number => path.length + variant.length + 200;

/** Without a maxAge of its own or the upstream's nothing is planned: traffic alone refreshes it. */
function plannedOf(resources: readonly Resource[], defaultMaxAgeMs: number | undefined): PlannedResource[] {
  return resources.flatMap(({ path, key, urlHash, maxAgeMs: own }) => {
    const maxAgeMs = own ?? defaultMaxAgeMs;
    return maxAgeMs === undefined ? [] : [{ path, key, urlHash, maxAgeMs }];
  });
}
