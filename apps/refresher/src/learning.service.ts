import { subscribeEvents, subscribeReads } from '#bus';
import type { Bus } from '#bus';
import type { EventMessage, ReadCounts } from '#contracts';
import type { Clock, Logger } from '#runtime';
import type { ResourceStatWriter, StatDelta } from '#store';
import { StatSheet } from './stat-sheet.js';

export interface LearningOptions {
  readonly bus: Bus;
  readonly writer: ResourceStatWriter;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Replicas share what is told: each fact is learned by one of them. */
const QUEUE = 'refresher';
const WRITE_EVERY_MS = 1_000;
const MOST_KEYS = 100_000;
const KEYS_A_STATEMENT = 5_000;

/** How often what is read, refreshed and changed. Gathered in memory and written once a second. */
export class LearningService {
  private readonly sheet = new StatSheet(MOST_KEYS);
  private readonly closers: (() => void)[];
  private writing: Promise<void> | undefined;
  private isStoreAway = false;

  constructor(private readonly options: LearningOptions) {
    const timer = setInterval(() => void this.write(), WRITE_EVERY_MS);
    this.closers = [
      () => clearInterval(timer),
      subscribeReads(options.bus, (told) => this.read(told), QUEUE),
      subscribeEvents(options.bus, ['entry.stored'], ({ message }) => this.stored(message), { queue: QUEUE }),
    ];
  }

  /** Writes the last of it. */
  async close(): Promise<void> {
    for (const close of this.closers) close();
    await this.writing;
    await this.write();
  }

  private read({ upstream, counts }: ReadCounts): void {
    for (const [key, reads] of counts) this.sheet.read(upstream, key, reads);
  }

  private stored({ upstream, key, changed, receivedAt }: EventMessage<'entry.stored'>): void {
    this.sheet.refreshed(upstream, key, changed ? Math.round(receivedAt) : null);
  }

  private write(): Promise<void> {
    this.writing ??= this.writeAll().finally(() => (this.writing = undefined));
    return this.writing;
  }

  private async writeAll(): Promise<void> {
    for (let left = this.sheet.size; left > 0; left -= KEYS_A_STATEMENT) {
      const batch = this.sheet.take(KEYS_A_STATEMENT);
      try {
        await this.options.writer.addStats(batch, this.options.clock.now());
        this.isStoreAway = false;
      } catch (error) {
        return this.keep(batch, error);
      }
    }
  }

  private keep(batch: readonly StatDelta[], error: unknown): void {
    for (const delta of batch) this.sheet.add(delta);
    if (!this.isStoreAway)
      this.options.logger.warn({ err: error }, 'what was learned cannot be written now; it is kept');
    this.isStoreAway = true;
  }
}
