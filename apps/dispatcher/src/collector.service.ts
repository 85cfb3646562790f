import type { Clock, Logger } from '#runtime';
import type { EntryWriter, StaleMarkWriter } from '#store';
import type { Announcer } from './announcer.js';
import type { RepliesService } from './replies.service.js';

export interface CollectorOptions {
  readonly writer: EntryWriter;
  readonly replies: Pick<RepliesService, 'collect'>;
  readonly staleMarks: Pick<StaleMarkWriter, 'collectStaleMarks'>;
  readonly announcer: Announcer;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whoever holds an upstream collects; several at once do not disturb each other. */
  mayCollect(): boolean;
}

const EVERY_MS = 20_000;
const AT_MOST = 2_000;
const MOST_ROUNDS = 50;
/** Longer than a call can be on its way. */
const STALE_MARKS_STAY_MS = 3_600_000;

/** Deletes what is past its use, so that the size of the store follows what is in use. */
export class CollectorService {
  private readonly timer: NodeJS.Timeout;
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly options: CollectorOptions) {
    this.timer = setInterval(() => this.begin(), EVERY_MS);
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  private begin(): void {
    if (!this.options.mayCollect()) return;
    this.running = this.running
      .then(() => this.collect())
      .catch((error: unknown) => {
        this.options.logger.warn({ err: error }, 'the store could not be collected; trying again later');
      });
  }

  private async collect(): Promise<void> {
    const { writer, replies, clock } = this.options;
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const gone = await writer.collectEntries(clock.now(), AT_MOST);
      await this.tell(gone);
      if (gone.length < AT_MOST) break;
    }
    for (let round = 0; round < MOST_ROUNDS; round += 1) if ((await writer.collectBodies(AT_MOST)) < AT_MOST) break;
    await writer.collectMarks();
    await this.collectStaleMarks();
    for (let round = 0; round < MOST_ROUNDS; round += 1) if ((await replies.collect(AT_MOST)) < AT_MOST) break;
  }

  private async collectStaleMarks(): Promise<void> {
    const { staleMarks, clock } = this.options;
    const markedBefore = clock.now() - STALE_MARKS_STAY_MS;
    for (let round = 0; round < MOST_ROUNDS; round += 1)
      if ((await staleMarks.collectStaleMarks(markedBefore, AT_MOST)) < AT_MOST) return;
  }

  private async tell(gone: readonly { upstream: string; key: string }[]): Promise<void> {
    const byUpstream = new Map<string, string[]>();
    for (const { upstream, key } of gone) byUpstream.set(upstream, [...(byUpstream.get(upstream) ?? []), key]);
    for (const [upstream, keys] of byUpstream)
      await this.options.announcer.removed({ upstream, keys, reason: 'collected' });
  }
}
