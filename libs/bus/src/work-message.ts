import { nanos, type Msg } from '@nats-io/nats-core';

/** What the subject of the acknowledgement tells of a message. */
export interface DeliveryFacts {
  readonly stream: string;
  readonly deliveryCount: number;
  readonly sequence: number;
  /** Epoch ms by the broker's clock. */
  readonly storedAt: number;
}

/** The last word to the broker about one message. */
export type FinalWord =
  { readonly kind: 'ack' } | { readonly kind: 'nak'; readonly delayMs: number } | { readonly kind: 'term' };

/** A message of a work stream, and the only place where the broker is told what became of it. */
export class WorkMessage {
  readonly facts: DeliveryFacts;

  constructor(private readonly msg: Msg) {
    this.facts = deliveryFactsOf(msg.reply ?? '');
  }

  get subject(): string {
    return this.msg.subject;
  }

  get bytes(): Uint8Array {
    return this.msg.data;
  }

  working(): void {
    this.msg.respond('+WPI');
  }

  say(word: FinalWord): void {
    this.msg.respond(WORDS[word.kind](word.kind === 'nak' ? word.delayMs : 0));
  }
}

const WORDS: Readonly<Record<FinalWord['kind'], (delayMs: number) => string>> = {
  ack: () => '+ACK',
  nak: (delayMs) => (delayMs > 0 ? `-NAK ${JSON.stringify({ delay: nanos(delayMs) })}` : '-NAK'),
  // Without a reason: servers before 2.11 take "+TERM reason" for no answer at all.
  term: () => '+TERM',
};

const NANOS_DIGITS_PER_MS = 6;
const PREFIX = ['$JS', 'ACK'];

/**
 * `$JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<ns>.<pending>`,
 * or with `<domain>.<account>` before the stream and perhaps a token after the end.
 */
export function deliveryFactsOf(reply: string): DeliveryFacts {
  const tokens = reply.split('.');
  if (tokens.length < 9 || PREFIX.some((token, index) => tokens[index] !== token))
    throw new Error(`expected the acknowledgement subject of a stream's message, found "${reply}"`);
  const [stream = '', , delivered, sequence, , stored = ''] = tokens.slice(tokens.length >= 11 ? 4 : 2);
  return {
    stream,
    deliveryCount: Number(delivered),
    sequence: Number(sequence),
    storedAt: Number(stored.slice(0, -NANOS_DIGITS_PER_MS)),
  };
}
