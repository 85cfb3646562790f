import type { Outcome } from './answers.js';

export const PEERS = ['bottleneck', 'bullmq', 'aws-adaptive', 'pause-full-speed'] as const;
export type PeerName = (typeof PEERS)[number];

/** One cell, as its peer is told of it. */
export interface PeerOrder {
  cell: string;
  url: string;
  items: number;
  concurrency: number;
  seed: number;
  /** Undefined: to be learned. */
  known: { limit: number; perMs: number } | undefined;
  redisPort: number | undefined;
}

export interface PeerWork extends PeerOrder {
  /** Exactly one call; the answer is read to its end. Errors of the network count as answered. */
  call(): Promise<Outcome>;
  signal: AbortSignal;
}

/** Works through an endless backlog until the signal aborts. */
export type Peer = (work: PeerWork) => Promise<void>;
