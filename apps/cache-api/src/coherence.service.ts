import { subscribeEvents } from '#bus';
import type { Bus, Membership } from '#bus';
import type { EntriesService } from './entries.service.js';

/** Others wait for our word only while we renew; after this long without, they may go on without us. */
export const TRUSTED_WITHOUT_RENEWAL_MS = 2_500;

/** Keeps what is in memory in step with what the dispatcher stores and marks. */
export function keepCoherent(bus: Bus, entries: EntriesService, membership: Membership): () => void {
  const unsubscribe = subscribeEvents(
    bus,
    ['entry.stored', 'entry.invalidated', 'entry.removed'],
    ({ name, message }) => {
      if (name === 'entry.stored') entries.stored(message.urlHash, message.key, message.version);
      else if (name === 'entry.invalidated') entries.invalidated(message.urlHash, message.before);
      else entries.removed(message.keys);
    },
    { acknowledgeAs: membership.id },
  );
  // What was told while we were away was told to others.
  const forget = bus.onReconnected(() => entries.doubtAll());
  return () => {
    unsubscribe();
    forget();
  };
}
