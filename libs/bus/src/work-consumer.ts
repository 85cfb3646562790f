import { AckPolicy, DeliverPolicy, type ConsumerConfig } from '@nats-io/jetstream';
import { nanos } from '@nats-io/nats-core';
import type { ConsumerDeclaration } from '#contracts';
import type { Bus } from './connection.js';
import { isConsumerDifferent, isNobodyThere, isStreamNotFound } from './faults.js';

/**
 * Makes the durable consumer, or changes it to what is declared.
 * @returns when its stream was made: another time means another stream, although it has the same name.
 */
export async function ensureConsumer(bus: Bus, declaration: ConsumerDeclaration): Promise<string> {
  try {
    return await ensureOnce(bus, declaration);
  } catch (error) {
    if (!isStreamNotFound(error) && !isNobodyThere(error)) throw error;
    await bus.provisionAgain();
    return ensureOnce(bus, declaration);
  }
}

async function ensureOnce(bus: Bus, declaration: ConsumerDeclaration): Promise<string> {
  const config = configOf(declaration);
  try {
    await bus.jsm.consumers.add(declaration.stream, config);
  } catch (error) {
    if (!isConsumerDifferent(error)) throw error;
    await bus.jsm.consumers.update(declaration.stream, declaration.durable, config);
  }
  return (await bus.jsm.streams.info(declaration.stream)).created;
}

function configOf(declaration: ConsumerDeclaration): ConsumerConfig {
  return {
    durable_name: declaration.durable,
    filter_subject: declaration.filter,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanos(declaration.ackWaitMs),
    max_ack_pending: declaration.maxAckPending,
    // A bound here would leave the message in the stream, its subject blocked for ever: deliveries are counted by us instead.
    max_deliver: -1,
  } as ConsumerConfig;
}
