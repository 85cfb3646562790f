import { observed, SHARED_PARTITION } from '#core';
import { subscribeEvents, subscribeReads } from '#bus';
import type { Bus, Publisher } from '#bus';
import type { EventMessage, ReadCounts } from '#contracts';
import type { Clock, Logger } from '#runtime';
import type { ResourceStatRepository, ResourceStatWriter } from '#store';
import { StatSheet } from './stat-sheet.js';
import { StatWritingService } from './stat-writing.service.js';

export interface LearningOptions {
  readonly bus: Bus;
  readonly publisher: Publisher;
  readonly writer: ResourceStatWriter;
  readonly repository: Pick<ResourceStatRepository, 'readPriors'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** So much faster than the world's runs the clock of what is learned. */
  readonly timeScale?: number;
}

/** Replicas share what is told: each fact is learned by one of them. */
const QUEUE = 'refresher';
const WRITE_EVERY_MS = 1_000;
/** Counts that fade within hours may come some seconds late; to write them costs as much as to write a refresh. */
const READS_EVERY_MS = 10_000;
const FORGET_MS = 7 * 86_400_000;
const SWEEP_EVERY_MS = 60_000;
const SWEPT_AT_ONCE = 10_000;
const MOST_KEYS = 100_000;
/** A server error is no state of the resource. */
const SERVER_ERROR = 500;

/** What refreshes and reads teach: gathered in memory, written once a second, and kept, within bounds, while the store is away. */
export class LearningService {
  private readonly forgetMs: number;
  private readonly sheet: StatSheet;
  private readonly stats: StatWritingService;
  private readonly closers: (() => void)[];
  private writing: Promise<void> | undefined;
  private isStoreAway = false;
  private readsDueAtMs = 0;
  private sweep = { afterKey: '', dueAtMs: 0 };

  constructor(private readonly options: LearningOptions) {
    const { bus, publisher, writer, repository, clock, timeScale = 1 } = options;
    this.forgetMs = FORGET_MS / timeScale;
    this.sheet = new StatSheet({ mostKeys: MOST_KEYS, forgetMs: this.forgetMs });
    this.stats = new StatWritingService({
      ...{ bus, publisher, writer, repository, clock, timeScale },
      ...{ sheet: this.sheet, forgetMs: this.forgetMs },
    });
    const timer = setInterval(() => void this.write(), WRITE_EVERY_MS);
    this.closers = [
      () => clearInterval(timer),
      subscribeReads(bus, (told) => this.read(told), QUEUE),
      subscribeEvents(bus, ['entry.stored'], ({ message }) => this.stored(message), { queue: QUEUE }),
    ];
  }

  /** Writes the last of it. */
  async close(): Promise<void> {
    for (const close of this.closers) close();
    await this.writing;
    this.readsDueAtMs = 0;
    await this.write();
  }

  private read({ upstream, counts }: ReadCounts): void {
    for (const [key, reads] of counts) this.sheet.read(upstream, key, reads);
  }

  /** A private entry is refreshed by whoever it belongs to. A throttled or failed refresh stores nothing, and so teaches nothing. */
  private stored(fact: EventMessage<'entry.stored'>): void {
    if (fact.partition !== SHARED_PARTITION || fact.status >= SERVER_ERROR) return;
    const isChange = fact.changed && fact.intervalMs !== null;
    this.sheet.refreshed({
      upstream: fact.upstream,
      key: fact.key,
      path: fact.path,
      history: observed(fact, this.forgetMs),
      changedAt: isChange ? Math.round(fact.receivedAt) : null,
      cost: fact.cost ?? 1,
    });
  }

  private write(): Promise<void> {
    this.writing ??= this.writeAll().finally(() => (this.writing = undefined));
    return this.writing;
  }

  private async writeAll(): Promise<void> {
    try {
      await this.stats.writeRefreshed();
      await this.writeReads();
      await this.stats.renewPriors();
      await this.forgetUnused();
      this.noteStore(undefined);
    } catch (error) {
      this.noteStore(error);
    }
  }

  private async writeReads(): Promise<void> {
    const { clock, timeScale = 1 } = this.options;
    const nowMs = clock.now();
    if (nowMs < this.readsDueAtMs && this.sheet.readKeys < MOST_KEYS / 2) return;
    await this.stats.writeReads();
    this.readsDueAtMs = nowMs + Math.max(WRITE_EVERY_MS, READS_EVERY_MS / timeScale);
  }

  /** What nobody has read or refreshed for a week, a page of the table at a time. */
  private async forgetUnused(): Promise<void> {
    const nowMs = this.options.clock.now();
    if (nowMs < this.sweep.dueAtMs) return;
    const swept = await this.options.writer.forgetUnused(this.sweep.afterKey, SWEPT_AT_ONCE, nowMs - this.forgetMs);
    this.sweep = { afterKey: swept?.lastKey ?? '', dueAtMs: nowMs + SWEEP_EVERY_MS };
  }

  private noteStore(error: unknown): void {
    const isAway = error !== undefined;
    if (isAway === this.isStoreAway) return;
    this.isStoreAway = isAway;
    if (isAway) this.options.logger.warn({ err: error }, 'what was learned cannot be written now; it is kept');
    else this.options.logger.info({}, 'what was learned can be written again');
  }
}
