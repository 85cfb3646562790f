import type { Msg } from '@nats-io/nats-core';
import type { EventMessage, EventName } from '#contracts';
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
  const { acknowledgeAs } = options;
  const queue = options.queue === undefined ? {} : { queue: options.queue };
  const subscriptions = names.map((name) => {
    const hear = (msg: Msg): void => {
      const done = deliver(name, msg.data);
      if (done === undefined) acknowledge(bus, msg, acknowledgeAs);
      else void done.then(() => acknowledge(bus, msg, acknowledgeAs));
    };
    return bus.nc.subscribe(bus.subjects.event(name), { ...queue, callback: (_, msg: Msg) => hear(msg) });
  });
  return () => subscriptions.forEach((subscription) => subscription.unsubscribe());
}

function acknowledge(bus: Bus, msg: Msg, member: string | undefined): void {
  if (member === undefined || msg.headers === undefined) return;
  const subject = msg.headers.get(ACKNOWLEDGE_TO);
  if (subject !== '' && bus.connected()) bus.nc.publish(subject, member);
}

/**
 * Decodes and hands over; whatever goes wrong in between is told to the log and ends nothing. Most handlers are done when they return,
 * and so is the delivery then: each process hears of every refresh.
 */
export function eventDelivery<N extends EventName>(
  bus: Bus,
  handler: EventHandler<N>,
  counted: CountEventFault = (): void => undefined,
): (name: N, bytes: Uint8Array) => Promise<void> | undefined {
  const failed = (name: N, error: unknown): void => {
    counted('handler-failed');
    bus.logger.error({ err: error, event: name }, 'a listener of events failed');
  };
  return (name, bytes) => {
    const event = readEvent(bus, name, bytes);
    if (event === null) return void counted('undecodable');
    try {
      const done = handler(event);
      return done instanceof Promise ? done.catch((error: unknown) => failed(name, error)) : undefined;
    } catch (error) {
      return void failed(name, error);
    }
  };
}

function readEvent<N extends EventName>(bus: Bus, name: N, bytes: Uint8Array): ToldEvent<N> | null {
  try {
    // The publisher is a Penstock of this namespace: what is a JSON object on this subject is its message.
    return { name, message: decodeJson<EventMessage<N>>(bytes) } as ToldEvent<N>;
  } catch (error) {
    bus.logger.warn({ event: name, reason: String(error) }, 'an event could not be read');
    return null;
  }
}
