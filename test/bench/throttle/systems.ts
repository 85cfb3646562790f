import { PEERS } from './peers/peer.js';

export const SYSTEMS = ['penstock', ...PEERS] as const;
export type SystemName = (typeof SYSTEMS)[number];

/** Of every system alike. */
export const CONCURRENCY = 32;
