import { declareStreams, type Envelope, type StreamName } from '#contracts';
import type { Bus } from './connection.js';
import { decodeJson } from './delivery.js';
import { isMessageNotFound } from './faults.js';

/** The work that waits under a subject, or is being done; undefined where there is none. @throws while NATS is away. */
export async function findPending<Message extends Envelope>(
  bus: Bus,
  stream: StreamName,
  subject: string,
): Promise<Message | undefined> {
  try {
    const { name } = declareStreams(bus.subjects)[stream];
    const found = await bus.jsm.streams.getMessage(name, { last_by_subj: subject });
    return found === null ? undefined : decodeJson<Message>(found.data);
  } catch (error) {
    if (isMessageNotFound(error)) return undefined;
    throw error;
  }
}
