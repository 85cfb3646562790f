import type { Msg } from '@nats-io/nats-core';
import type { Bus } from './connection.js';

export interface LongRequest {
  readonly bus: Bus;
  readonly subject: string;
  readonly frame: Uint8Array;
  heard(answer: { readonly kind: 'nobody-there' } | { readonly kind: 'reply'; readonly frame: Uint8Array }): void;
}

/** A request without a time-out of its own: how long its answer takes is known only while it goes on. @returns what ends the wait. */
export function requestLong({ bus, subject, frame, heard }: LongRequest): () => void {
  const reply = bus.inbox();
  const subscription = bus.nc.subscribe(reply, {
    max: 1,
    callback: (_, message) =>
      heard(isNobodyThere(message) ? { kind: 'nobody-there' } : { kind: 'reply', frame: message.data }),
  });
  bus.nc.publish(subject, frame, { reply });
  return () => {
    if (!bus.nc.isClosed()) subscription.unsubscribe();
  };
}

/** The server's own answer, where nobody subscribes to the subject. */
function isNobodyThere({ data, headers }: Msg): boolean {
  return data.byteLength === 0 && headers?.code === 503;
}
