import type { Msg } from '@nats-io/nats-core';
import { eventNameOf, type EventMessage, type EventName } from '#contracts';
import { ACKNOWLEDGE_TO } from './acknowledgements.js';
import type { Bus } from './connection.js';
import { decodeJson } from './delivery.js';

/** An event as a listener gets it: one member for each name, so that a switch over `name` knows the message. */
export type ToldEvent<N extends EventName = EventName> = {
  readonly [Name in N]: { readonly name: Name; readonly message: EventMessage<Name> };
}[N];

export type EventHandler<N extends EventName> = (event: ToldEvent<N>) => Promise<void> | void;
export type CountEventFault = (fault: 'undecodable' | 'handler-failed') => void;

export interface EventSubscriptionOptions {
  /** The member as which events that want it are acknowledged, once the handler has returned. */
  readonly acknowledgeAs?: string;
  /** Of all who listen under this name, each event is heard by one. */
  readonly queue?: string;
  readonly counted?: CountEventFault;
}

export type StopListening = () => void;

/** What is told while this process listens. What is told while it is away is missed: `followEvents` catches up. */
export function subscribeEvents<N extends EventName>(
  bus: Bus,
  names: readonly N[],
  handler: EventHandler<N>,
  options: EventSubscriptionOptions = {},
): StopListening {
  const deliver = eventDelivery(bus, handler, options.counted);
  const hear = async (msg: Msg): Promise<void> => {
    await deliver(msg.subject, msg.data);
    acknowledge(bus, msg, options.acknowledgeAs);
  };
  const queue = options.queue === undefined ? {} : { queue: options.queue };
  const subscriptions = names.map((name) =>
    bus.nc.subscribe(bus.subjects.event(name), { ...queue, callback: (_, msg: Msg) => void hear(msg) }),
  );
  return () => subscriptions.forEach((subscription) => subscription.unsubscribe());
}

function acknowledge(bus: Bus, msg: Msg, member: string | undefined): void {
  if (member === undefined || msg.headers === undefined) return;
  const subject = msg.headers.get(ACKNOWLEDGE_TO);
  if (subject !== '' && bus.connected()) bus.nc.publish(subject, member);
}

/** Decodes and hands over; whatever goes wrong in between is told to the log and ends nothing. */
export function eventDelivery<N extends EventName>(
  bus: Bus,
  handler: EventHandler<N>,
  counted: CountEventFault = (): void => undefined,
): (subject: string, bytes: Uint8Array) => Promise<void> {
  return async (subject, bytes) => {
    const event = readEvent<N>(bus, subject, bytes);
    if (event === null) return counted('undecodable');
    try {
      await handler(event);
    } catch (error) {
      counted('handler-failed');
      bus.logger.error({ err: error, subject }, 'a listener of events failed');
    }
  };
}

function readEvent<N extends EventName>(bus: Bus, subject: string, bytes: Uint8Array): ToldEvent<N> | null {
  try {
    // The publisher is a Penstock of this namespace: what is a JSON object on this subject is its message.
    const message = decodeJson<EventMessage<N>>(bytes);
    return { name: eventNameOf(subject, bus.subjects.namespace), message } as ToldEvent<N>;
  } catch (error) {
    bus.logger.warn({ subject, reason: String(error) }, 'an event could not be read');
    return null;
  }
}
