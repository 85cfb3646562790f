import type { DoorReply, DoorRequest } from '#contracts';
import type { Bus } from './connection.js';
import { decodeJson } from './delivery.js';

const DOOR_QUEUE = 'cache-api';

/** Answers `fetch.<u>` for other programs; of several processes one takes each request. */
export function openFetchDoor(
  bus: Bus,
  answer: (upstream: string, request: DoorRequest) => Promise<DoorReply>,
): () => void {
  const subscription = bus.nc.subscribe(bus.subjects.fetchDoors, {
    queue: DOOR_QUEUE,
    callback: (_, msg) => {
      const upstream = msg.subject.slice(msg.subject.lastIndexOf('.') + 1);
      void reply(bus, () => answer(upstream, decodeJson<DoorRequest>(msg.data))).then((told) => {
        if (bus.connected()) msg.respond(JSON.stringify(told));
      });
    },
  });
  return () => subscription.unsubscribe();
}

async function reply(bus: Bus, answer: () => Promise<DoorReply>): Promise<DoorReply> {
  try {
    return await answer();
  } catch (error) {
    bus.logger.warn({ reason: String(error) }, 'a request through the NATS door could not be read');
    const detail = `expected JSON {method, path, headers, body64?, waitMs?}: ${String(error)}`;
    const problem = { type: 'urn:penstock:malformed_request', title: 'The request is malformed', status: 400, detail };
    return {
      status: 400,
      headers: [['Content-Type', 'application/problem+json']],
      body64: Buffer.from(JSON.stringify(problem)).toString('base64'),
    };
  }
}
