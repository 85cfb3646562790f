import type { EventPayloads } from '#contracts';

/**
 * The facts that a holder tells. Resolves true when the broker keeps them, false when they cannot be told now: work that ends with
 * such a fact is not done yet (commit, then publish, then ack).
 */
export interface Announcer {
  stored(facts: EventPayloads['entry.stored'], cause: string): Promise<boolean>;
  answered(facts: EventPayloads['fetch.answered'], cause: string): Promise<boolean>;
  failed(facts: EventPayloads['fetch.failed'], cause: string): Promise<boolean>;
  stale(facts: EventPayloads['entry.stale'], cause: string): Promise<boolean>;
  dropped(facts: EventPayloads['fetch.dropped'], cause: string): Promise<boolean>;
  paused(facts: EventPayloads['upstream.paused']): Promise<void>;
  resumed(facts: EventPayloads['upstream.resumed']): Promise<void>;
  held(facts: EventPayloads['upstream.held']): Promise<void>;
  removed(facts: EventPayloads['entry.removed']): Promise<void>;
  /** Resolves when every cache-api process has heard it, or has dropped out of its members. */
  invalidated(facts: EventPayloads['entry.invalidated'], cause: string): Promise<void>;
}
