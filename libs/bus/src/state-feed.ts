import type { UpstreamState } from '#contracts';
import type { Bus } from './connection.js';
import { decodeJson } from './delivery.js';

/** The live states that holders tell, of all upstreams. */
export function subscribeStates(bus: Bus, heard: (state: UpstreamState) => void): () => void {
  const subscription = bus.nc.subscribe(bus.subjects.states, {
    callback: (_, msg) => {
      try {
        heard(decodeJson<UpstreamState>(msg.data));
      } catch (error) {
        bus.logger.warn({ subject: msg.subject, reason: String(error) }, 'a state could not be read');
      }
    },
  });
  return () => subscription.unsubscribe();
}
