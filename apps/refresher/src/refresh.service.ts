import { again, done, drop } from '#bus';
import type { Bus, GivenUp, Publisher, PublishVerdict, Verdict } from '#bus';
import type { EventPayloads, FetchWork, RefreshWork } from '#contracts';
import type { Logger } from '#runtime';
import type { EntryHead, EntryRepository } from '#store';
import { decide } from './decision.js';
import type { FetchOrder } from './decision.js';
import { HeadBatches } from './head-batches.js';
import type { RefreshMetrics } from './refresh-metrics.js';

export interface RefreshOptions {
  readonly bus: Bus;
  readonly publisher: Publisher;
  readonly entries: EntryRepository;
  readonly metrics: RefreshMetrics;
  readonly logger: Logger;
}

type DropReason = EventPayloads['fetch.dropped']['reason'];

const TRY_AGAIN_MS = 500;
const ASK_AGAIN_MS = 300;
/** Work that comes again too often is given up. While the store is away it is held instead, which counts as one delivery. */
const STORE_TRIES = 40;

/** One reminder: look at what is stored; skip, or leave work for the holder of the upstream. The fetch is published before the reminder is acknowledged. */
export class RefreshService {
  private readonly heads: HeadBatches;
  private isStoreAway = false;

  constructor(private readonly options: RefreshOptions) {
    this.heads = new HeadBatches({
      readHeads: (keys) => options.entries.readHeads(keys),
      after: (delayMs, call) => void setTimeout(call, delayMs),
    });
  }

  async refresh(work: RefreshWork, signal: AbortSignal): Promise<Verdict> {
    const found = await this.headOf(work.key, signal);
    if (found === 'store-away') return this.tryAgain(work, found);
    const decision = decide(work, found.head);
    if (decision.kind === 'skip') return this.skip(work, decision.reason);
    return this.leaveFetch(work, decision.lane, decision.order);
  }

  /** Whoever reminded of it waits for an end. */
  async givenUp({ kind, message }: GivenUp<unknown>): Promise<void> {
    if (message === null) return;
    // What could be read on this subject is a reminder.
    const work = message as RefreshWork;
    this.options.metrics.refreshed(work.upstream, 'given-up');
    await this.tellDropped(work, kind === 'undecodable' ? 'undecodable' : 'undeliverable');
  }

  private async headOf(
    key: string,
    signal: AbortSignal,
  ): Promise<{ readonly head: EntryHead | undefined } | 'store-away'> {
    for (let tries = 0; tries < STORE_TRIES && !signal.aborted; tries += 1) {
      try {
        const head = await this.heads.headOf(key);
        this.noteStore(undefined);
        return { head };
      } catch (error) {
        this.noteStore(error);
        await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
      }
    }
    return 'store-away';
  }

  private noteStore(error: unknown): void {
    const isAway = error !== undefined;
    if (isAway === this.isStoreAway) return;
    this.isStoreAway = isAway;
    if (isAway) this.options.logger.warn({ err: error }, 'entries cannot be looked at; reminders are held meanwhile');
    else this.options.logger.info({}, 'entries can be looked at again');
  }

  private async skip(work: RefreshWork, reason: 'overtaken'): Promise<Verdict> {
    const told = await this.tellDropped(work, reason);
    if (!told) return this.tryAgain(work, 'bus-away');
    this.options.metrics.refreshed(work.upstream, reason);
    return drop(reason);
  }

  private async tellDropped(work: RefreshWork, reason: DropReason): Promise<boolean> {
    const { upstream, path, key, urlHash, partition, variant, id, traceparent } = work;
    const ref = { upstream, path, key, urlHash, partition, variant };
    const lane = work.reason === 'stale-read' ? 'soon' : 'later';
    const source = { cause: id, traceparent };
    const facts = { ...ref, lane, attempts: 0, throttles: 0, reason } as const;
    return (await this.options.publisher.publishEvent('fetch.dropped', facts, source)) === 'stored';
  }

  private async leaveFetch(work: RefreshWork, lane: 'soon' | 'later', order: FetchOrder): Promise<Verdict> {
    const { bus, publisher, metrics } = this.options;
    const { upstream, path, key, urlHash, partition, variant, reason, configVersion, id, traceparent } = work;
    const message: FetchWork = {
      ...publisher.envelope({ cause: id, traceparent }),
      ...{ upstream, path, key, urlHash, partition, variant, reason, configVersion, lane },
      ...order,
    };
    const verdict = await this.publishFetch(bus.subjects.fetch(lane, upstream, work.bucket, key), message);
    if (verdict === 'full') return this.tryAgain(work, 'full');
    if (verdict === 'away') return this.tryAgain(work, 'bus-away');
    metrics.refreshed(upstream, verdict === 'stored' ? 'asked' : 'pending');
    return done;
  }

  /**
   * What is pending may have ended already: its end is told before it is acknowledged, and may be what reminded of this one. Asked
   * again a little later the broker knows; what is then still pending has its end before it.
   */
  private async publishFetch(subject: string, message: FetchWork): Promise<PublishVerdict> {
    const { publisher } = this.options;
    const verdict = await publisher.publishWork(subject, message);
    if (verdict !== 'already-pending') return verdict;
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    return publisher.publishWork(subject, message);
  }

  private tryAgain({ upstream }: RefreshWork, outcome: 'full' | 'bus-away' | 'store-away'): Verdict {
    this.options.metrics.refreshed(upstream, outcome);
    return again(TRY_AGAIN_MS);
  }
}
