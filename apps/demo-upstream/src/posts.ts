const MAX_IDS = 200_000;

export interface PostCount {
  /** Calls that reached the API, answered or not. */
  seen: number;
  /** Calls that a throttle turned away. */
  refused: number;
  /** The caller gave an Idempotency-Key: it may repeat. */
  keyed: boolean;
}

/** How often each POST came, by the id that its caller gave it. */
export class Posts {
  private readonly counts = new Map<string, PostCount>();
  private anonymousCount = 0;

  count(id: string | undefined, keyed: boolean, outcome: 'seen' | 'refused'): void {
    if (id === undefined) {
      this.anonymousCount++;
      return;
    }
    const count = this.counts.get(id) ?? { seen: 0, refused: 0, keyed };
    count[outcome]++;
    this.counts.set(id, count);
    if (this.counts.size > MAX_IDS) this.counts.delete(this.counts.keys().next().value ?? '');
  }

  clear(): void {
    this.counts.clear();
    this.anonymousCount = 0;
  }

  list(): { ids: Record<string, PostCount>; duplicates: string[]; keyedRepeats: string[]; anonymous: number } {
    const repeated = [...this.counts].filter(([, { seen }]) => seen > 1);
    return {
      ids: Object.fromEntries(this.counts),
      duplicates: repeated.filter(([, { keyed }]) => !keyed).map(([id]) => id),
      keyedRepeats: repeated.filter(([, { keyed }]) => keyed).map(([id]) => id),
      anonymous: this.anonymousCount,
    };
  }

  summary(): {
    ids: number;
    seen: number;
    refused: number;
    duplicates: number;
    keyedRepeats: number;
    anonymous: number;
  } {
    const sums = {
      ids: this.counts.size,
      seen: 0,
      refused: 0,
      duplicates: 0,
      keyedRepeats: 0,
      anonymous: this.anonymousCount,
    };
    for (const { seen, refused, keyed } of this.counts.values()) {
      sums.seen += seen;
      sums.refused += refused;
      if (seen > 1) sums[keyed ? 'keyedRepeats' : 'duplicates']++;
    }
    return sums;
  }
}
