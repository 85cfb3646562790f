import type { Fields } from '#core';
import type { UpstreamView } from './upstream-view.js';

/** What a client wants of an upstream, whichever door it came through. */
export interface ClientCall {
  readonly id: string;
  readonly traceparent: string | undefined;
  readonly method: string;
  readonly upstream: UpstreamView;
  readonly path: string;
  /** As the client sent them, hop-by-hop fields gone. */
  readonly fields: Fields;
  readonly body: Uint8Array;
  /** HTTP version in which it came, for Via. */
  readonly receivedVersion: string;
  /** Fires when the client goes away. */
  readonly signal: AbortSignal;
}

export interface ClientAnswer {
  readonly status: number;
  readonly fields: Fields;
  readonly body: Uint8Array;
  /** How it was come by, for the metrics. */
  readonly outcome: Outcome;
}

export type Outcome = 'hit' | 'stale' | 'miss' | 'revalidated' | 'write' | 'pass' | 'problem';

export const NO_BODY = new Uint8Array(0);
