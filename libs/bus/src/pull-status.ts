import type { Msg } from '@nats-io/nats-core';

/** What the broker says on a pull's inbox instead of sending a message. */
export type PullStatus =
  /** A request came to its end. `unsent` is null where the server does not say how much of it. */
  | { readonly kind: 'ended'; readonly unsent: number | null }
  /** Consumer or stream do not exist (any more). */
  | { readonly kind: 'gone' }
  | { readonly kind: 'heartbeat' };

const HEARTBEAT = 100;
const NO_RESPONDERS = 503;
const CONFLICT = 409;
const GONE = /consumer deleted|stream deleted|consumer not found/i;

/** @returns null when it is a message of the stream. */
export function readPullStatus(msg: Msg): PullStatus | null {
  const { headers } = msg;
  if (headers === undefined || headers.code === 0 || msg.data.length > 0) return null;
  if (headers.code === HEARTBEAT) return { kind: 'heartbeat' };
  if (headers.code === NO_RESPONDERS) return { kind: 'gone' };
  if (headers.code === CONFLICT && GONE.test(headers.description)) return { kind: 'gone' };
  const unsent = headers.get('Nats-Pending-Messages');
  return { kind: 'ended', unsent: unsent === '' ? null : Number(unsent) };
}
