/** Whoever decides which call is worth making now. `optimum` knows everything and follows the best plan. */
export const PEERS = ['round-robin', 'shortest-ttl', 'most-changing', 'most-asked', 'optimum'] as const;
export type PeerName = (typeof PEERS)[number];
export const SYSTEMS = ['penstock', ...PEERS] as const;
export type SystemName = (typeof SYSTEMS)[number];

/** Of every system alike. */
export const CONCURRENCY = 32;
