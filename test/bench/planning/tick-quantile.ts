/** Of a Prometheus histogram: how many were at most `le` seconds. */
export interface Bucket {
  readonly le: number;
  readonly count: number;
}

/** The smallest bound that so large a share of all is within; 0 when there were none. Buckets are in order, the last holds all. */
export function quantileOf(buckets: readonly Bucket[], share: number): number {
  const all = buckets.at(-1)?.count ?? 0;
  return all === 0 ? 0 : (buckets.find(({ count }) => count >= share * all)?.le ?? Infinity);
}
