import { createHash } from 'node:crypto';
import { nuid } from '@nats-io/nats-core';
import { CHUNK_BYTES, type BodyStreamRef } from '#contracts';
import { receiveBody } from './body-receiver.js';
import { sendBody, type BodySender } from './body-sender.js';
import { BodyStreamError } from './body-wire.js';
import type { Bus } from './connection.js';

/** A body that waits to be taken. */
export interface OfferedBody extends BodySender {
  readonly ref: BodyStreamRef;
}

export interface TakeOptions {
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
}

const UNTAKEN_MS = 30_000;

/** Holds the bytes until they were taken once, or for `untakenMs`. `ref` may be told as soon as this returns. */
export function offerBody(bus: Bus, bytes: Uint8Array, untakenMs = UNTAKEN_MS): OfferedBody {
  const ref = { id: nuid.next(), bytes: bytes.byteLength, hash: createHash('sha256').update(bytes).digest('hex') };
  const sender = sendBody({ bus, id: ref.id, source: inChunks(bytes), untakenMs, hash: ref.hash });
  return { ref, done: sender.done, untouched: () => sender.untouched(), withdraw: () => sender.withdraw() };
}

/** @throws BodyStreamError when the body cannot be had whole, as it was announced, in time. */
export async function takeBody(bus: Bus, ref: BodyStreamRef, options: TakeOptions): Promise<Uint8Array> {
  if (ref.bytes > options.maxBytes)
    throw new BodyStreamError(
      'body_too_large',
      `expected at most ${options.maxBytes} bytes, announced are ${ref.bytes}`,
    );
  // A signal's time must be whole milliseconds.
  const timeout = AbortSignal.timeout(Math.ceil(options.timeoutMs));
  const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
  try {
    return await collect(bus, ref, signal);
  } catch (error) {
    if (!timeout.aborted || options.signal?.aborted === true) throw error;
    throw new BodyStreamError('body_timeout', `the body was not had within ${options.timeoutMs} ms`);
  }
}

async function collect(bus: Bus, ref: BodyStreamRef, signal: AbortSignal): Promise<Uint8Array> {
  const whole = new Uint8Array(ref.bytes);
  let filled = 0;
  for await (const chunk of receiveBody({ bus, id: ref.id, expected: ref, signal })) {
    if (filled + chunk.byteLength > ref.bytes)
      throw new BodyStreamError('body_mismatch', `expected ${ref.bytes} bytes, found more`);
    whole.set(chunk, filled);
    filled += chunk.byteLength;
  }
  return whole;
}

function* inChunks(bytes: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += CHUNK_BYTES) yield bytes.subarray(start, start + CHUNK_BYTES);
}
