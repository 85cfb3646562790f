import { declareBuckets, LEASE_TTL_MS } from '#contracts';
import { encodeValue, readKey } from './bucket-record.js';
import type { Bus, BusClock } from './connection.js';

import { bucketStream } from './provision.js';

/** In bucket `scopes`, which has no ttl. No upstream's id begins with an underscore. */
const MARK_KEY = '_leases';

interface EpochMark {
  /** When the server made the bucket of leases. */
  readonly made: string;
}

type EpochState =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'waiting'; readonly made: string; readonly untilMs: number }
  | { readonly kind: 'known' };

/**
 * Whether the bucket of leases is still the one that the holders before us wrote to.
 *
 * - unknown: at the start and after each reconnect. The bucket's time of making is compared with the mark in `scopes`.
 * - waiting: mark missing or other. The store was lost or is new, and a holder that lost its key may hold by its own clock for a
 *   while: nobody takes a lease until one whole ttl has gone by.
 * - known: the mark is right; we, or another who waited, wrote it.
 */
export class LeaseEpoch {
  private state: EpochState = { kind: 'unknown' };
  private newlyMade = false;

  constructor(
    private readonly bus: Bus,
    private readonly clock: BusClock,
  ) {}

  /** The store may have been lost: ask again. */
  doubt(): void {
    this.state = { kind: 'unknown' };
  }

  /** @returns whether leases may be taken now. */
  async allowsTaking(): Promise<boolean> {
    if (this.state.kind === 'unknown') this.state = await this.compare();
    if (this.state.kind !== 'waiting') return true;
    if (this.clock.now() < this.state.untilMs) return false;
    return this.endWait(this.state.made);
  }

  /** Whether the bucket was found new since this was last asked. */
  takeNews(): boolean {
    const news = this.newlyMade;
    this.newlyMade = false;
    return news;
  }

  private async compare(): Promise<EpochState> {
    const made = await this.readMade();
    const mark = await readKey<EpochMark>(this.bus.scopes, MARK_KEY);
    if (mark.value?.made === made) return { kind: 'known' };
    this.bus.logger.info(
      { waitMs: LEASE_TTL_MS },
      'the bucket of leases is new: waiting one lease ttl before any is taken',
    );
    return { kind: 'waiting', made, untilMs: this.clock.now() + LEASE_TTL_MS };
  }

  private async endWait(made: string): Promise<boolean> {
    if (made !== (await this.readMade())) {
      this.doubt();
      return false;
    }
    await this.bus.scopes.put(MARK_KEY, encodeValue({ made } satisfies EpochMark));
    this.newlyMade = true;
    this.state = { kind: 'known' };
    return true;
  }

  private async readMade(): Promise<string> {
    const stream = bucketStream(declareBuckets(this.bus.subjects).leases.name);
    return String((await this.bus.jsm.streams.info(stream)).created);
  }
}
