import { describe, expect, it } from 'vitest';
import type { StatBefore } from '#store';
import { KeptStats } from './kept-stats.js';

function statOf(key: string, revision = 1): StatBefore {
  return { key, revision, history: new Uint8Array(2), refreshes: 1, cost: 1, reads: 3, readsAt: 0 };
}

describe('what was written last', () => {
  it('is known, the newest of each key, and of no more keys than it may', () => {
    const kept = new KeptStats(2);
    for (const stat of [statOf('a'), statOf('b'), statOf('a', 2), statOf('c')]) kept.wrote(stat, 0);
    expect(['a', 'b', 'c'].map((key) => kept.get(key)?.revision)).toEqual([2, undefined, 1]);
  });

  it('has the reads that were added since', () => {
    const kept = new KeptStats(2);
    kept.wrote(statOf('a'), 0);
    kept.readsAre('a', 9, 70);
    kept.readsAre('b', 9, 70);
    expect(kept.get('a')).toEqual({ ...statOf('a'), reads: 9, readsAt: 70 });
    expect(kept.get('b')).toBeUndefined();
  });

  it('is forgotten when another replica has written, and not relied on for a minute', () => {
    const kept = new KeptStats(2);
    kept.wrote(statOf('a'), 0);
    kept.overtaken(1_000);
    expect(kept.get('a')).toBeUndefined();
    kept.wrote(statOf('a'), 60_000);
    expect(kept.get('a')).toBeUndefined();
    kept.wrote(statOf('a'), 61_000);
    expect(kept.get('a')).toBeDefined();
  });
});
