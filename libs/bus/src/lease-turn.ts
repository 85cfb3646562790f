import type { BucketGap, BucketRecord } from './bucket-record.js';
import type { LeaseRecord } from './lease-record.js';
import { LeaseSilence } from './lease-silence.js';
import { rightfulHolder } from './rendezvous.js';

export interface LeaseTurnOptions {
  readonly key: string;
  readonly holder: string;
  readonly session: string;
  steadyMembers?(): readonly string[] | null;
}

/** Whoever is there and should hold it hears of a lease that was given up at once, and takes it within some 20 ms. */
const LEAVE_TO_ANOTHER_MS = 500;

/**
 * For how long a stand-by does not take a lease yet. One that another has until it has been silent for its ttl. One that was given up for a
 * moment, if another should hold it: taken by whoever comes first it would be handed over again, and again by the next.
 */
export class LeaseTurn {
  private readonly silence = new LeaseSilence();
  private lastHolder: string | null = null;
  private freeSinceMs: number | null = null;

  constructor(private readonly options: LeaseTurnOptions) {}

  /** Told each time that the key was read. 0: it may be taken. */
  leftMs(found: BucketRecord<LeaseRecord> | BucketGap, nowMs: number): number {
    if (found.kind === 'absent') return this.leftToAnotherMs(nowMs);
    this.lastHolder = found.value.holder;
    this.freeSinceMs = null;
    // Ours without our knowing: the answer to an earlier try was lost.
    return found.value.session === this.options.session ? 0 : this.silence.leftMs(found, nowMs);
  }

  private leftToAnotherMs(nowMs: number): number {
    this.freeSinceMs ??= nowMs;
    const { key, holder, steadyMembers } = this.options;
    // Whoever gave it up is a member for a moment longer.
    const others = (steadyMembers?.() ?? []).filter((member) => member !== this.lastHolder);
    if (!others.includes(holder) || rightfulHolder(key, others) === holder) return 0;
    return Math.max(0, this.freeSinceMs + LEAVE_TO_ANOTHER_MS - nowMs);
  }
}
