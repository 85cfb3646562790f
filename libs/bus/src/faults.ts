import { JetStreamApiError } from '@nats-io/jetstream';
import { errors } from '@nats-io/nats-core';

/** What the server's and the client's errors mean to us. Codes are the server's `err_code`s. */
const CONSUMER_NOT_FOUND = 10014;
const STREAM_NAME_IN_USE = 10058;
const STREAM_NOT_FOUND = 10059;
const CONSUMER_EXISTS = 10148;
const STORE_FAILED = 10077;
const WRONG_LAST_SEQUENCE = 10071;
const NO_MESSAGE_FOUND = 10037;
const INSUFFICIENT_RESOURCES = 10023;
const STORAGE_EXCEEDED = 10047;
/** The status of "temporarily unavailable", as while a server recovers its store. */
const UNAVAILABLE = 503;

const AWAY = [
  errors.TimeoutError,
  errors.RequestError,
  errors.ConnectionError,
  errors.ClosedConnectionError,
  errors.DrainingConnectionError,
];

const hasCode = (error: unknown, code: number): boolean => error instanceof JetStreamApiError && error.code === code;

export const isStreamNotFound = (error: unknown): boolean => hasCode(error, STREAM_NOT_FOUND);
export const isConsumerNotFound = (error: unknown): boolean => hasCode(error, CONSUMER_NOT_FOUND);
/** It exists with other settings, and was to be made, not changed. */
export const isConsumerDifferent = (error: unknown): boolean => hasCode(error, CONSUMER_EXISTS);
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
  (hasCode(error, STORE_FAILED) && error instanceof Error && error.message.includes('per subject')) ||
  // Of a message that was to be the only one of its subject.
  hasCode(error, WRONG_LAST_SEQUENCE);

export const isMessageNotFound = (error: unknown): boolean => hasCode(error, NO_MESSAGE_FOUND);

export const isFull = (error: unknown): boolean =>
  !isTwinPending(error) &&
  [STORE_FAILED, INSUFFICIENT_RESOURCES, STORAGE_EXCEEDED].some((code) => hasCode(error, code));

/** The server, or the way to it, did not answer: it may have taken what was sent, or not. */
export function isAway(error: unknown): boolean {
  if (error instanceof JetStreamApiError) return error.status === UNAVAILABLE;
  return AWAY.some((kind) => error instanceof kind);
}
