import { decodeFrame, encodeFrame } from '#contracts';

/**
 * A body on its way. The receiver opens with a credit; the sender answers with numbered chunks up to it, then the end mark; the receiver
 * closes with `taken`. Credits are absolute ("chunks below `upTo`") and said again every second, so that a lost one does no harm, and both
 * sides know that the other lives.
 */
export type Downward =
  | { readonly kind: 'chunk'; readonly n: number }
  | { readonly kind: 'end'; readonly chunks: number; readonly bytes: number; readonly hash: string }
  | { readonly kind: 'aborted'; readonly reason: string }
  /** Still there, but with nothing to send yet. */
  | { readonly kind: 'alive' };

export type Upward =
  { readonly kind: 'credit'; readonly upTo: number } | { readonly kind: 'taken' } | { readonly kind: 'refused' };

const NOTHING = new Uint8Array();

export const encodeDownward = (head: Downward, bytes: Uint8Array = NOTHING): Uint8Array => encodeFrame(head, bytes);
export const decodeDownward = (frame: Uint8Array): { head: Downward; body: Uint8Array } => decodeFrame<Downward>(frame);
export const encodeUpward = (head: Upward): Uint8Array => encodeFrame(head, NOTHING);
export const decodeUpward = (frame: Uint8Array): Upward => decodeFrame<Upward>(frame).head;

/** Chunks that may be on their way at once: what a receiver must hold in memory beyond what it has read. */
export const WINDOW_CHUNKS = 8;
export const CREDIT_EVERY_MS = 1_000;
/** Neither side waits longer for a sign of the other. */
export const SILENCE_MS = 5_000;

export type BodyFault =
  | 'body_gone'
  | 'body_stalled'
  | 'body_aborted'
  | 'body_incomplete'
  | 'body_mismatch'
  | 'body_too_large'
  | 'body_timeout'
  | 'bus_away';

export class BodyStreamError extends Error {
  override readonly name = 'BodyStreamError';
  constructor(
    readonly code: BodyFault,
    message: string,
  ) {
    super(message);
  }
}
