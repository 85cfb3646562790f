import { SHARED_PARTITION } from '#core';
import type { Bus, Publisher, PublishVerdict } from '#bus';
import { batchToken, bucketOf, DEFAULT_BUCKET, inBatches, jointRulesOf } from '#contracts';
import type { RefreshBatch, RefreshWork, UpstreamConfig } from '#contracts';
import type { Clock, Logger } from '#runtime';
import { JointGathering } from './joint-gathering.js';
import type { Reminder, Taken } from './plan.js';
import type { ScheduleMetrics } from './schedule-metrics.js';

export interface Configured {
  readonly config: UpstreamConfig;
  readonly version: number;
}

export interface LeavingOptions {
  readonly upstream: string;
  readonly bus: Bus;
  readonly publisher: Publisher;
  readonly metrics: ScheduleMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What all reminders of one message have in common. */
interface Told {
  readonly bucket: string;
  readonly reason: RefreshWork['reason'];
  readonly together?: string;
}

/** Reminders on their way to the broker: those of one tick leave together, and those that one call can bring wait for each other. */
export class LeavingService {
  private gathering: JointGathering;

  constructor(
    private configured: Configured,
    private readonly options: LeavingOptions,
    /** Told of each reminder that could not be left. */
    private readonly refused: (reminder: Reminder) => void,
  ) {
    this.gathering = gatheringOf(configured);
  }

  configure(configured: Configured): void {
    this.startOver();
    this.configured = configured;
    this.gathering = gatheringOf(configured);
  }

  /** What waits here is to be taken anew. */
  startOver(): void {
    for (const reminder of this.gathering.clear()) this.refused(reminder);
  }

  /** Once a tick. `together`: how many may leave in one message. */
  leave({ stale, due }: Taken, together: number, nowMs: number): void {
    if (stale.length > 0) this.leaveThose(stale, { reason: 'known-stale', together, nowMs });
    this.leaveThose(due, { reason: 'due', together, nowMs });
  }

  private leaveThose(
    reminders: readonly Reminder[],
    how: { reason: RefreshWork['reason']; together: number; nowMs: number },
  ): void {
    const { reason, together, nowMs } = how;
    const { alone, calls } = this.gathering.take(reminders, nowMs, reason === 'known-stale');
    for (const [bucket, some] of this.byBucket(alone))
      for (const batch of inBatches(some, together, charsOf)) void this.remind({ bucket, reason }, batch);
    for (const { rule, items } of calls) {
      const { call, match } = rule.config;
      void this.remind({ bucket: this.bucketOf(call), reason, together: match }, items);
    }
  }

  /** Each declared bucket has a queue of its own at the holder. */
  private byBucket(reminders: readonly Reminder[]): Iterable<readonly [string, readonly Reminder[]]> {
    const { buckets } = this.configured.config.limits;
    if (buckets.length === 0) return [[DEFAULT_BUCKET, reminders]];
    const byBucket = new Map<string, Reminder[]>();
    for (const reminder of reminders) {
      const bucket = this.bucketOf(reminder.path);
      const others = byBucket.get(bucket);
      if (others === undefined) byBucket.set(bucket, [reminder]);
      else others.push(reminder);
    }
    return byBucket;
  }

  private bucketOf(path: string): string {
    return bucketOf(this.configured.config.limits.buckets, path) ?? DEFAULT_BUCKET;
  }

  /** What leaves in one tick leaves together: a message for each would cost several times what there is to say. */
  private async remind(told: Told, batch: readonly Reminder[]): Promise<void> {
    const { upstream, metrics } = this.options;
    const verdict = await this.publish(told, batch).catch((error: unknown) => this.unexpected(error));
    metrics.reminded(upstream, verdict, batch.length);
    if (verdict === 'stored' || verdict === 'already-pending') return;
    for (const reminder of batch) this.refused(reminder);
  }

  /** One alone has its key for a subject, so that the broker refuses a second. */
  private publish(told: Told, items: readonly Reminder[]): Promise<PublishVerdict> {
    const { upstream, bus, publisher } = this.options;
    const shared: Omit<RefreshBatch, 'items'> = {
      ...publisher.envelope({ cause: 'schedule' }),
      ...told,
      upstream,
      partition: SHARED_PARTITION,
      configVersion: this.configured.version,
    };
    const [first, ...others] = items;
    if (first !== undefined && others.length === 0) {
      const { together: _, ...alone } = shared;
      const work: RefreshWork = { ...alone, ...first };
      return publisher.publishWork(bus.subjects.refresh('later', upstream, first.key), work);
    }
    const work: RefreshBatch = { ...shared, items };
    return publisher.publishWork(bus.subjects.refresh('later', upstream, batchToken(shared.id)), work);
  }

  private unexpected(error: unknown): PublishVerdict {
    this.options.logger.error({ err: error, upstream: this.options.upstream }, 'reminders could not be left');
    return 'away';
  }
}

/** As they stand in a message: two hashes and a version besides what differs. */
const charsOf = ({ path, variant }: Reminder): number => path.length + variant.length + 200;

function gatheringOf({ config }: Configured): JointGathering {
  return new JointGathering(jointRulesOf(config.refresh.together));
}
