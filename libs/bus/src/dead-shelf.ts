import { declareStreams, type DeadMessage, type FetchWork, type KeptFetch } from '#contracts';
import type { Bus } from './connection.js';
import { decodeJson } from './delivery.js';
import { isMessageNotFound } from './faults.js';

/** A letter and the number that it has on the shelf. */
export interface ShelvedLetter {
  readonly id: string;
  readonly letter: DeadMessage;
}

export interface DeadShelf {
  /** In the order in which they were written, those after `after`. */
  list(of: { upstream?: string | undefined; after?: string | undefined; limit: number }): Promise<ShelvedLetter[]>;
  find(id: string): Promise<DeadMessage | undefined>;
  /** Whether its work waits to be fetched, or is being fetched, because it was requeued. */
  isRequeued(id: string, fetch: KeptFetch): Promise<boolean>;
  /** Of one that is gone already nothing is said. */
  remove(id: string): Promise<void>;
}

const ID = /^[1-9]\d{0,14}$/;

/** Reads what was given up: the stream of dead letters, of each resource the newest. An id is a letter's sequence in it. */
export function openDeadShelf(bus: Bus): DeadShelf {
  const declared = declareStreams(bus.subjects);
  const stream = declared.dead.name;
  const streams = bus.jsm.streams;

  /** The first at or after a sequence. */
  const next = (of: string, seq: number, subject: string): Promise<{ seq: number; data: Uint8Array } | undefined> => {
    // Known to every server since 2.9, though not to the client's type.
    const query = { seq, next_by_subj: subject };
    return found(() => streams.getMessage(of, query));
  };

  return {
    async list({ upstream, after, limit }) {
      const subject = upstream === undefined ? bus.subjects.all.dead : bus.subjects.dead(upstream, '*');
      const letters: ShelvedLetter[] = [];
      let from = Number(after ?? 0) + 1;
      while (letters.length < limit) {
        const message = await next(stream, from, subject);
        if (message === undefined) break;
        from = message.seq + 1;
        letters.push({ id: String(message.seq), letter: decodeJson<DeadMessage>(message.data) });
      }
      return letters;
    },
    async find(id) {
      if (!ID.test(id)) return undefined;
      const message = await found(() => streams.getMessage(stream, { seq: Number(id) }));
      return message === undefined ? undefined : decodeJson<DeadMessage>(message.data);
    },
    async isRequeued(id, { upstream, key }) {
      const subject = bus.subjects.fetch('soon', upstream, '*', key);
      const pending = await next(declared.fetch.name, 1, subject);
      return pending !== undefined && decodeJson<FetchWork>(pending.data).letter === id;
    },
    async remove(id) {
      if (ID.test(id)) await found(() => streams.deleteMessage(stream, Number(id)));
    },
  };
}

async function found<T>(ask: () => Promise<T | null>): Promise<T | undefined> {
  try {
    return (await ask()) ?? undefined;
  } catch (error) {
    if (isMessageNotFound(error)) return undefined;
    throw error;
  }
}
