import type { LearnedStats } from '#contracts';
import type { Bus } from './connection.js';
import { decodeJson } from './delivery.js';

/** What refreshers learn of resources, as they write it. What is told while nobody listens stands in the store. */
export function subscribeLearned(bus: Bus, heard: (learned: LearnedStats) => void): () => void {
  const subscription = bus.nc.subscribe(bus.subjects.learned, {
    callback: (_, msg) => {
      try {
        heard(decodeJson<LearnedStats>(msg.data));
      } catch (error) {
        bus.logger.warn({ subject: msg.subject, reason: String(error) }, 'what was learned could not be read');
      }
    },
  });
  return () => subscription.unsubscribe();
}
