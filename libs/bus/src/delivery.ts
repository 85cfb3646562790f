import type { WorkMessage } from './work-message.js';

/** One piece of work as it is handed to a handler. */
export interface Delivery<Message> {
  readonly subject: string;
  readonly message: Message;
  readonly sequence: number;
  /** 1 the first time. */
  readonly deliveryCount: number;
  /** When the broker stored it, epoch ms by the broker's clock. */
  readonly enqueuedAt: number;
  /** Aborted when the work is given back: what is done after that is done for nothing. */
  readonly signal: AbortSignal;
  /** Of a batch: the places in it of what ended when it was handed to this process before. Their verdicts are not looked at. */
  readonly finished: ReadonlySet<number>;
}

export type Decode<Message> = (bytes: Uint8Array, subject: string) => Message;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @throws when the bytes are not a JSON object. */
export function decodeJson<Message>(bytes: Uint8Array): Message {
  const value: unknown = JSON.parse(utf8.decode(bytes));
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Message;
  throw new TypeError(`expected a JSON object, found ${Array.isArray(value) ? 'an array' : typeof value}`);
}

export function deliveryOf<Message>(
  work: WorkMessage,
  message: Message,
  { signal, finished }: Pick<Delivery<Message>, 'signal' | 'finished'>,
): Delivery<Message> {
  const { sequence, deliveryCount, storedAt } = work.facts;
  return { subject: work.subject, message, sequence, deliveryCount, enqueuedAt: storedAt, signal, finished };
}
