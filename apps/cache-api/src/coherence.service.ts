import { subscribeEvents } from '#bus';
import type { Bus, Membership, ToldEvent } from '#bus';
import type { Clock } from '#runtime';
import type { EntriesService } from './entries.service.js';

/** Others wait for our word only while we renew; after this long without, they may go on without us. */
export const TRUSTED_WITHOUT_RENEWAL_MS = 2_500;

const FACTS = ['entry.stored', 'entry.invalidated', 'entry.stale', 'entry.removed'] as const;

export interface CoherenceOptions {
  readonly bus: Bus;
  readonly entries: EntriesService;
  readonly membership: Membership;
  readonly clock: Clock;
  /** What was just stored is out of date already: its call had left before that became known. */
  onStoredStale(stored: { upstream: string; path: string; urlHash: string }): void;
}

/** Keeps what is in memory in step with what the dispatcher stores and marks. */
export function keepCoherent({ bus, entries, membership, clock, onStoredStale }: CoherenceOptions): () => void {
  const hear = ({ name, message }: ToldEvent<(typeof FACTS)[number]>): void => {
    switch (name) {
      case 'entry.stored':
        entries.stored(message.urlHash, message.key, message.version);
        if (message.knownStale !== true) return;
        entries.stale(message.urlHash, message.version, clock.now());
        return onStoredStale(message);
      case 'entry.invalidated':
        return entries.invalidated(message.urlHash, message.before);
      case 'entry.stale':
        return entries.stale(message.urlHash, message.before, clock.now());
      case 'entry.removed':
        return entries.removed(message.keys);
    }
  };
  const unsubscribe = subscribeEvents(bus, FACTS, hear, { acknowledgeAs: membership.id });
  // What was told while we were away was told to others.
  const forget = bus.onReconnected(() => entries.doubtAll());
  return () => {
    unsubscribe();
    forget();
  };
}
