import type { EventPayloads } from '#contracts';

/** The facts that a holder tells. Resolves when they are kept by the broker, or cannot be told now. */
export interface Announcer {
  stored(facts: EventPayloads['entry.stored'], cause: string): Promise<void>;
  answered(facts: EventPayloads['fetch.answered'], cause: string): Promise<void>;
  failed(facts: EventPayloads['fetch.failed'], cause: string): Promise<void>;
  dropped(facts: EventPayloads['fetch.dropped'], cause: string): Promise<void>;
  paused(facts: EventPayloads['upstream.paused']): Promise<void>;
  resumed(facts: EventPayloads['upstream.resumed']): Promise<void>;
  held(facts: EventPayloads['upstream.held']): Promise<void>;
  removed(facts: EventPayloads['entry.removed']): Promise<void>;
  /** Resolves when every cache-api process has heard it, or has dropped out of its members. */
  invalidated(facts: EventPayloads['entry.invalidated'], cause: string): Promise<void>;
}
