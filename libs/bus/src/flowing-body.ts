import { CHUNK_BYTES, type FlowingBodyRef } from '#contracts';
import { nuid } from '@nats-io/nats-core';
import { receiveBody } from './body-receiver.js';
import { sendBody, type BodySender } from './body-sender.js';
import { encodeUpward } from './body-wire.js';
import type { Bus } from './connection.js';

/** A body that comes as it is read: once, by one reader, no faster than that one reads. */
export interface FlowingBody {
  /** Where it is known beforehand. */
  readonly bytes: number | null;
  /** Begun to be read: it cannot be had a second time. */
  isTouched(): boolean;
  /** @throws when it breaks off: what was read until then is not the whole. */
  read(): AsyncIterable<Uint8Array>;
  /** Nobody reads it (any more): wherever it comes from stops, and a read that is under way throws. */
  drop(): void;
}

/** One that is being sent on. */
export interface PassedOnBody extends BodySender {
  readonly ref: FlowingBodyRef;
}

export interface PassingOn {
  readonly bus: Bus;
  readonly body: FlowingBody;
  /** So long nobody may begin to take it. */
  readonly untakenMs: number;
  /** With each chunk that is sent. */
  readonly onProgress?: () => void;
}

/** Offers it to whoever is told `ref`. If that one goes away or never comes, the body is dropped. */
export function passOn({ bus, body, untakenMs, onProgress }: PassingOn): PassedOnBody {
  const ref = { id: nuid.next(), bytes: body.bytes };
  const sender = sendBody({
    ...{ bus, id: ref.id, untakenMs },
    source: inPieces(body, onProgress),
    onBroken: () => body.drop(),
  });
  return { ref, done: sender.done, untouched: () => sender.untouched(), withdraw: () => sender.withdraw() };
}

/** What another process passes on. */
export function takeFlowing(bus: Bus, ref: FlowingBodyRef): FlowingBody {
  return new ReceivedBody(bus, ref);
}

class ReceivedBody implements FlowingBody {
  readonly bytes: number | null;
  private state: 'untouched' | 'touched' | 'dropped' = 'untouched';
  private readonly dropping = new AbortController();

  constructor(
    private readonly bus: Bus,
    private readonly ref: FlowingBodyRef,
  ) {
    this.bytes = ref.bytes;
  }

  isTouched(): boolean {
    return this.state !== 'untouched';
  }

  read(): AsyncIterable<Uint8Array> {
    if (this.state === 'touched') throw new Error('a body that flows was read twice; it comes once only');
    if (this.state === 'untouched') this.state = 'touched';
    return receiveBody({ bus: this.bus, id: this.ref.id, signal: this.dropping.signal });
  }

  /** A sender that nobody has spoken to is told too: it would wait. */
  drop(): void {
    const { bus } = this;
    if (this.state === 'dropped') return;
    this.state = 'dropped';
    this.dropping.abort();
    if (bus.connected()) bus.nc.publish(bus.subjects.bodyCredit(this.ref.id), encodeUpward({ kind: 'refused' }));
  }
}

async function* inPieces(body: FlowingBody, onProgress?: () => void): AsyncGenerator<Uint8Array> {
  for await (const bytes of body.read()) {
    for (let start = 0; start < bytes.byteLength; start += CHUNK_BYTES) {
      yield bytes.subarray(start, start + CHUNK_BYTES);
      onProgress?.();
    }
  }
}
