import type { ReadCounts } from '#contracts';
import type { Bus } from './connection.js';
import { decodeJson } from './delivery.js';

/** How often what was read, as it is counted by those who answer. Of all who listen under one `queue`, each message is heard by one. */
export function subscribeReads(bus: Bus, handler: (told: ReadCounts) => void, queue: string): () => void {
  const subscription = bus.nc.subscribe(bus.subjects.reads, {
    queue,
    callback: (_, msg) => {
      try {
        handler(decodeJson<ReadCounts>(msg.data));
      } catch (error) {
        bus.logger.warn({ subject: msg.subject, reason: String(error) }, 'counts of reads could not be taken');
      }
    },
  });
  return () => subscription.unsubscribe();
}
