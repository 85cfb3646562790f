import { LRUCache } from 'lru-cache';
import { SHARED_PARTITION, validatorsOf } from '#core';
import type { Entry, Freshness } from '#core';
import type { Bus, Publisher } from '#bus';
import { bucketOf, DEFAULT_BUCKET } from '#contracts';
import type { RefreshWork } from '#contracts';
import type { StaleEntry } from '#store';
import type { Clock, Logger } from '#runtime';
import { NO_BODY } from './client-call.js';
import type { ClientCall } from './client-call.js';
import type { ClientPlace } from './client-place.js';
import type { EntriesService } from './entries.service.js';
import type { ForwardService } from './forward.service.js';
import { forwardedFields } from './request-fields.js';
import type { StatesService } from './states.service.js';
import type { UpstreamView } from './upstream-view.js';

export interface RefreshOptions {
  readonly bus: Bus;
  readonly publisher: Publisher;
  readonly forward: ForwardService;
  readonly entries: EntriesService;
  readonly states: StatesService;
  readonly clock: Clock;
  readonly logger: Logger;
}

const AT_MOST_EVERY_MS = 5_000;
const REMEMBERED_KEYS = 100_000;

/** Someone was given a stale answer: has it refreshed, unless the scheduler does so anyway. */
export class RefreshService {
  private readonly asked: LRUCache<string, true>;

  constructor(private readonly options: RefreshOptions) {
    this.asked = new LRUCache({
      max: REMEMBERED_KEYS,
      ttl: AT_MOST_EVERY_MS,
      perf: { now: () => options.clock.now() },
    });
  }

  consider(call: ClientCall, place: ClientPlace, entry: Entry, freshness: Freshness): void {
    if (!this.isWanted(call.upstream, call.path, entry, freshness)) return;
    this.asked.set(entry.key, true);
    if (entry.partition === SHARED_PARTITION) void this.askRefresher(call, entry);
    else void this.refreshPrivate(call, place, entry);
  }

  isWanted(upstream: UpstreamView, path: string, entry: Entry, freshness: Freshness): boolean {
    const { refresh } = upstream.config;
    const isOld = freshness.kind === 'stale' || (refresh.maxAgeMs !== undefined && freshness.ageMs > refresh.maxAgeMs);
    if (!isOld || !refresh.background || this.asked.has(entry.key)) return false;
    if (entry.partition === SHARED_PARTITION && upstream.planned.has(path)) return false;
    return this.options.states.pausedUntil(upstream.id, this.options.clock.now()) === undefined;
  }

  /**
   * It is known to have changed: of the shared partition, and whether anyone reads it or not. Also during a pause, through which it waits.
   * False: that cannot be asked for now.
   */
  refreshStale(upstream: UpstreamView, entry: StaleEntry): Promise<boolean> {
    this.asked.set(entry.key, true);
    return this.leaveWork(upstream, entry, { reason: 'known-stale', lane: 'soon' }, { cause: 'known-stale' });
  }

  private async askRefresher(call: ClientCall, entry: Entry): Promise<void> {
    const source =
      call.traceparent === undefined ? { cause: call.id } : { cause: call.id, traceparent: call.traceparent };
    await this.leaveWork(call.upstream, entry, { reason: 'stale-read' }, source);
  }

  private async leaveWork(
    { id: upstream, config, configVersion }: UpstreamView,
    { path, key, urlHash, variant, version }: StaleEntry,
    why: Pick<RefreshWork, 'reason' | 'lane'>,
    source: { cause: string; traceparent?: string },
  ): Promise<boolean> {
    const { bus, publisher, logger } = this.options;
    const work: RefreshWork = {
      ...publisher.envelope(source),
      ...{ upstream, path, key, urlHash, partition: SHARED_PARTITION, variant },
      ...why,
      bucket: bucketOf(config.limits.buckets, path) ?? DEFAULT_BUCKET,
      have: version,
      configVersion,
    };
    const verdict = await publisher.publishWork(bus.subjects.refresh('soon', upstream, key), work);
    const isLeft = verdict === 'stored' || verdict === 'already-pending';
    if (!isLeft) logger.debug({ upstream, key, verdict }, 'a refresh could not be asked for');
    return isLeft;
  }

  /** Only this request has the credential: it refreshes in the background, in lane soon. */
  private async refreshPrivate(call: ClientCall, place: ClientPlace, entry: Entry): Promise<void> {
    const { key, urlHash, partition, variant, upstream } = entry;
    // The entry's own path may have its credentials masked.
    const { path } = call;
    const background: ClientCall = { ...call, method: 'GET', body: NO_BODY, signal: new AbortController().signal };
    const forwarded = await this.options.forward.forward({
      call: background,
      ref: { key, urlHash, partition, variant, upstream, path },
      purpose: 'read',
      fields: forwardedFields(background, 'read'),
      have: entry.version,
      validators: validatorsOf(entry),
      mayStore: true,
      lane: 'soon',
    });
    // Too large to be kept now: nobody waits for it.
    if (forwarded.kind === 'answered') forwarded.flow?.drop();
    if (forwarded.kind === 'answered' && forwarded.reply.entry !== null) {
      this.options.entries.put(place.id, { entry: forwarded.reply.entry, body: forwarded.body });
    }
  }
}
