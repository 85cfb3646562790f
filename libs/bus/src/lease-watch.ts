import { declareBuckets, LEASE_TTL_MS, leaseKeys } from '#contracts';
import type { BucketGap, BucketRecord } from './bucket-record.js';
import { watchBucket, type BucketWatch } from './bucket-watch.js';
import type { Bus, BusClock } from './connection.js';
import type { LeaseRecord } from './lease-record.js';

/** Who holds an upstream, as the bucket of leases says. */
export interface HolderSeen {
  readonly holder: string;
  readonly fence: number;
}

export interface LeaseWatch {
  /** From memory; null: nobody is known to hold it now. */
  holderOf(upstream: string): HolderSeen | null;
  /** From memory, else from the bucket. */
  findHolder(upstream: string): Promise<HolderSeen | null>;
  /** Called with an upstream whose fence has changed or which is held by nobody any more. */
  onMoved(listener: (upstream: string) => void): () => void;
  close(): void;
}

const SWEEP_EVERY_MS = 500;

/** Follows the leases of all upstreams, for those who ask their holders. */
export function watchLeases(options: { bus: Bus; clock: BusClock }): LeaseWatch {
  return new SeenLeases(options);
}

/** Renewals are heard; the end of a key's time is not: a lease that has been silent for its ttl is looked at again. */
class SeenLeases implements LeaseWatch {
  private readonly seen = new Map<string, HolderSeen & { readonly atMs: number }>();
  private readonly listeners = new Set<(upstream: string) => void>();
  private readonly watch: BucketWatch<LeaseRecord>;
  private readonly sweeping = setInterval(() => this.sweep(), SWEEP_EVERY_MS);

  constructor(private readonly options: { bus: Bus; clock: BusClock }) {
    const { bus } = options;
    this.watch = watchBucket<LeaseRecord>({
      bus,
      kv: bus.leases,
      bucket: declareBuckets(bus.subjects).leases.name,
      filters: [leaseKeys.upstream('*')],
      onChanged: (key, found) => this.changed(key.slice(leaseKeys.upstream('').length), found),
    });
  }

  holderOf(upstream: string): HolderSeen | null {
    return this.seen.get(upstream) ?? null;
  }

  async findHolder(upstream: string): Promise<HolderSeen | null> {
    if (!this.seen.has(upstream)) await this.look(upstream);
    return this.holderOf(upstream);
  }

  onMoved(listener: (upstream: string) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): void {
    clearInterval(this.sweeping);
    this.watch.close();
  }

  private changed(upstream: string, found: BucketRecord<LeaseRecord> | BucketGap): void {
    const before = this.seen.get(upstream);
    const fence = found.value?.fence ?? null;
    if (found.value === null || fence === null) this.seen.delete(upstream);
    else this.seen.set(upstream, { holder: found.value.holder, fence, atMs: this.options.clock.now() });
    if (before?.fence === fence || (before === undefined && fence === null)) return;
    for (const listener of this.listeners) listener(upstream);
  }

  private sweep(): void {
    if (!this.options.bus.connected()) return;
    const silentSinceMs = this.options.clock.now() - LEASE_TTL_MS;
    for (const [upstream, lease] of this.seen) if (lease.atMs < silentSinceMs) void this.look(upstream);
  }

  private async look(upstream: string): Promise<void> {
    try {
      await this.watch.look(leaseKeys.upstream(upstream));
    } catch (error) {
      this.options.bus.logger.debug({ upstream, reason: String(error) }, 'could not read a lease');
    }
  }
}
