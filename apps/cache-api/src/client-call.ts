import type { FlowingBody } from '#bus';
import type { Fields } from '#core';
import type { ClientUpload } from './request-body.js';
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
  /** Instead of it, where it is larger than is kept whole: it is still coming. */
  readonly upload?: ClientUpload | undefined;
  /** HTTP version in which it came, for Via. */
  readonly receivedVersion: string;
  /** Fires when the client goes away. */
  readonly signal: AbortSignal;
}

export interface ClientAnswer {
  readonly status: number;
  readonly fields: Fields;
  readonly body: Uint8Array;
  /** Instead of it, where it is too large to be kept: to be read, or dropped. */
  readonly flow?: FlowingBody | undefined;
  /** How it was come by, for the metrics. */
  readonly outcome: Outcome;
}

export type Outcome = 'hit' | 'stale' | 'miss' | 'revalidated' | 'write' | 'pass' | 'deferred' | 'problem';

export const NO_BODY = new Uint8Array(0);
