import { JetStreamApiError } from '@nats-io/jetstream';
import { errors } from '@nats-io/nats-core';

/** What the server's and the client's errors mean to us. Codes are the server's `err_code`s. */
const CONSUMER_NOT_FOUND = 10014;
const STREAM_NAME_IN_USE = 10058;
const STREAM_NOT_FOUND = 10059;
const STORE_FAILED = 10077;

const hasCode = (error: unknown, code: number): boolean => error instanceof JetStreamApiError && error.code === code;

export const isStreamNotFound = (error: unknown): boolean => hasCode(error, STREAM_NOT_FOUND);
export const isConsumerNotFound = (error: unknown): boolean => hasCode(error, CONSUMER_NOT_FOUND);
export const isStreamNameInUse = (error: unknown): boolean => hasCode(error, STREAM_NAME_IN_USE);

/** Nobody listens on the subject. For a work subject: its stream is gone, which the client reports as "jetstream is not enabled" with this as its cause. */
export function isNobodyThere(error: unknown): boolean {
  if (error instanceof errors.RequestError) return error.isNoResponders();
  return error instanceof Error && error.cause !== undefined && isNobodyThere(error.cause);
}

/**
 * One code for three refusals: "maximum messages per subject exceeded" is a pending twin,
 * "maximum messages exceeded" and "maximum bytes exceeded" are a full stream. Only the text tells them apart.
 */
export const isTwinPending = (error: unknown): boolean =>
  hasCode(error, STORE_FAILED) && error instanceof Error && error.message.includes('per subject');
export const isFull = (error: unknown): boolean =>
  hasCode(error, STORE_FAILED) && error instanceof Error && /maximum (messages|bytes) exceeded/.test(error.message);
