import type { Fields } from '#core';
import { again, done, drop } from '#bus';
import type { Bus, GivenUp, Publisher, PublishVerdict, Verdict } from '#bus';
import { batchToken, MOST_BATCHED_CHARS } from '#contracts';
import type {
  EventPayloads,
  FetchBatch,
  FetchItem,
  FetchWork,
  RefreshBatch,
  RefreshItem,
  RefreshLane,
  RefreshWork,
  ResourceRef,
} from '#contracts';
import type { Logger } from '#runtime';
import type { EntryHead, EntryRepository } from '#store';
import { decide, isBehind, laneOf } from './decision.js';
import type { FetchOrder } from './decision.js';
import { HeadBatches } from './head-batches.js';
import { askedAlike } from './asked-alike.js';
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
const FIRST_LOOK_AGAIN_MS = 20;
const LAST_LOOK_AGAIN_MS = 320;
/** Work that comes again too often is given up. While the store is away it is held instead, which counts as one delivery. */
const STORE_TRIES = 40;

/** Reminders, one or many: look at what is stored; skip, or leave work for the holder of the upstream. What is to be fetched is published before the reminder is acknowledged. */
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
    const read = await this.whileAway(() => this.headOf(work), signal);
    if (read === 'store-away') return this.tryAgain(work, read);
    const decision = decide(work, read.found);
    if (decision.kind === 'skip') return this.skip(work, decision.reason);
    return this.verdictOf(work, await this.leaveFetch(work, decision.lane, decision.order), 1);
  }

  /** A batch becomes a batch: one select, one message for the holder. Whatever of it cannot be told or left, all of it comes again. */
  async refreshBatch(batch: RefreshBatch, signal: AbortSignal): Promise<Verdict> {
    const keys = batch.items.map(({ key }) => key);
    const read = await this.whileAway(() => this.options.entries.readHeads(keys), signal);
    if (read === 'store-away') return this.tryAgain(batch, read);
    const { moot, wanted } = sorted(batch, read.found);
    const [told, left] = await Promise.all([this.skipAll(batch, moot), this.leaveFetches(batch, wanted)]);
    if (!told) return this.tryAgain(batch, 'bus-away');
    return this.verdictOf(batch, left, wanted.length);
  }

  /** Whoever reminded of it waits for an end. */
  async givenUp({ kind, message }: GivenUp<unknown>): Promise<void> {
    if (message === null) return;
    // What could be read on this subject is a reminder.
    const work = message as RefreshWork;
    this.options.metrics.refreshed(work.upstream, 'given-up');
    await this.tellDropped(work, kind === 'undecodable' ? 'undecodable' : 'undeliverable');
  }

  /** Whoever was given an answer may ask for its successor before it is committed: looked for again, a few times. */
  private async headOf(work: RefreshWork): Promise<EntryHead | undefined> {
    for (let waitMs = FIRST_LOOK_AGAIN_MS; ; waitMs *= 2) {
      const head = await this.heads.headOf(work.key);
      if (!isBehind(head, work) || waitMs > LAST_LOOK_AGAIN_MS) return head;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }

  private async whileAway<T>(read: () => Promise<T>, signal: AbortSignal): Promise<{ found: T } | 'store-away'> {
    for (let tries = 0; tries < STORE_TRIES && !signal.aborted; tries += 1) {
      try {
        const found = await read();
        this.noteStore(undefined);
        return { found };
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

  private async skipAll(batch: RefreshBatch, moot: readonly RefreshItem[]): Promise<boolean> {
    if (moot.length === 0) return true;
    const told = await Promise.all(moot.map((item) => this.tellDropped({ ...batch, ...item }, 'overtaken')));
    this.options.metrics.refreshed(batch.upstream, 'overtaken', told.filter(Boolean).length);
    return told.every(Boolean);
  }

  private async tellDropped(
    work: ResourceRef & Pick<RefreshWork, 'reason' | 'lane' | 'id' | 'traceparent'>,
    reason: DropReason,
  ): Promise<boolean> {
    const { upstream, path, key, urlHash, partition, variant, id, traceparent } = work;
    const ref = { upstream, path, key, urlHash, partition, variant };
    const source = { cause: id, traceparent };
    const facts = { ...ref, lane: laneOf(work), attempts: 0, throttles: 0, reason } as const;
    return (await this.options.publisher.publishEvent('fetch.dropped', facts, source)) === 'stored';
  }

  /** One call asks for all that it brings with the same fields. */
  private async leaveFetches(batch: RefreshBatch, items: readonly FetchItem[]): Promise<PublishVerdict> {
    if (batch.together === undefined) return this.leaveBatch(batch, items, 0);
    const alike = askedAlike(items);
    return worstOf(await Promise.all(alike.map((some, nth) => this.leaveBatch(batch, some, nth))));
  }

  /** Under a name made of the batch's: when that comes again, what was left for it is found pending. */
  private async leaveBatch(batch: RefreshBatch, items: readonly FetchItem[], nth: number): Promise<PublishVerdict> {
    const [first, ...others] = items;
    if (first === undefined) return 'stored';
    const lane = laneOf(batch);
    if (others.length === 0) return this.leaveFetch({ ...batch, ...first }, lane, first);
    if (charsOf(items) > MOST_BATCHED_CHARS) return this.leaveSingly(batch, items);
    const { bus, publisher } = this.options;
    const { upstream, partition, reason, configVersion, id, traceparent } = batch;
    const message: FetchBatch = {
      ...publisher.envelope({ cause: id, traceparent }),
      ...{ upstream, partition, lane, reason, configVersion, items },
      ...(batch.together !== undefined && { together: batch.together }),
    };
    const token = batchToken(nth === 0 ? id : `${id}-${nth}`);
    return publisher.publishWork(bus.subjects.fetch(lane, upstream, batch.bucket, token), message);
  }

  /** Validators and fields may be longer than any path. */
  private async leaveSingly(batch: RefreshBatch, items: readonly FetchItem[]): Promise<PublishVerdict> {
    const lane = laneOf(batch);
    const left = await Promise.all(items.map((item) => this.leaveFetch({ ...batch, ...item }, lane, item)));
    return worstOf(left);
  }

  private async leaveFetch(
    work: Omit<RefreshWork, 'have'>,
    lane: RefreshLane,
    { have, requestFields, validators }: FetchOrder,
  ): Promise<PublishVerdict> {
    const { bus, publisher } = this.options;
    const { upstream, path, key, urlHash, partition, variant, reason, configVersion, id, traceparent } = work;
    const message: FetchWork = {
      ...publisher.envelope({ cause: id, traceparent }),
      ...{ upstream, path, key, urlHash, partition, variant, reason, configVersion, lane },
      ...{ have, requestFields, validators },
    };
    return this.publishFetch(bus.subjects.fetch(lane, upstream, work.bucket, key), message);
  }

  private verdictOf({ upstream }: { upstream: string }, left: PublishVerdict, count: number): Verdict {
    if (left === 'full') return this.tryAgain({ upstream }, 'full');
    if (left === 'away') return this.tryAgain({ upstream }, 'bus-away');
    if (count > 0) this.options.metrics.refreshed(upstream, left === 'stored' ? 'asked' : 'pending', count);
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

  private tryAgain({ upstream }: { upstream: string }, outcome: 'full' | 'bus-away' | 'store-away'): Verdict {
    this.options.metrics.refreshed(upstream, outcome);
    return again(TRY_AGAIN_MS);
  }
}

function worstOf(left: readonly PublishVerdict[]): PublishVerdict {
  return left.find((verdict) => verdict === 'full' || verdict === 'away') ?? 'stored';
}

function sorted(
  { items, reason }: RefreshBatch,
  heads: readonly EntryHead[],
): { moot: RefreshItem[]; wanted: FetchItem[] } {
  const byKey = new Map(heads.map((head) => [head.key, head]));
  const moot: RefreshItem[] = [];
  const wanted: FetchItem[] = [];
  for (const item of items) {
    const { path, key, urlHash, variant, have } = item;
    const decision = decide({ have, reason }, byKey.get(key));
    if (decision.kind === 'skip') {
      moot.push(item);
      continue;
    }
    const { requestFields, validators } = decision.order;
    wanted.push({ path, key, urlHash, variant, have: decision.order.have, requestFields, validators });
  }
  return { moot, wanted };
}

/** As they stand in a message: two hashes and a version besides what differs. */
function charsOf(items: readonly FetchItem[]): number {
  return items.reduce(
    (sum, { path, variant, requestFields, validators }) =>
      sum + path.length + variant.length + charsOfFields(requestFields) + charsOfFields(validators) + 200,
    0,
  );
}

function charsOfFields(fields: Fields): number {
  return fields.reduce((sum, [name, value]) => sum + name.length + value.length + 10, 0);
}
