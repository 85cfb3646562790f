import { describe, expect, it } from 'vitest';
import { Notebook, type Arrival } from './notebook.js';
import type { CacheClass, Told } from './told.js';

const hot: Arrival = { kind: 'hot', path: '/items/1' };
const answered = (status: number, cache: CacheClass = 'miss'): Told => ({
  kind: 'answered',
  status,
  cache,
  retryAfterMs: null,
  problem: null,
});
const facts = { seconds: 10, eventLoopDelayP99Ms: 1, cpuSeconds: 1 };

describe('Notebook', () => {
  it('keeps the times of hits, stale answers, misses and writes apart, and those of errors out', () => {
    const notebook = new Notebook();
    const end = (arrival: Arrival, told: Told, tookMs: number): void =>
      notebook.ended({ arrival, told, dueAt: 1_000, endedAt: 1_000 + tookMs });
    end(hot, answered(200, 'hit'), 2);
    end(hot, answered(200, 'stale'), 3);
    end(hot, answered(200), 100);
    end({ kind: 'cold', path: '/search?q=1' }, answered(200), 120);
    end({ kind: 'write', path: '/items/1/notes', id: 'w1' }, answered(201), 90);
    end(hot, answered(500), 5_000);
    const result = notebook.result(facts);
    expect(result).toMatchObject({
      reads: 5,
      readsAnswered: 4,
      hot: { reads: 4, hits: 1, stale: 1 },
      cold: { reads: 1, answered: 1 },
    });
    expect([result.hits.max, result.stale.max, result.misses.max, result.writes.max]).toEqual([2, 3, 120, 90]);
    expect(result.errors).toEqual({ '500 of the upstream': 1 });
  });

  it('notes each write with what its client was told, and every call that no cache can answer', () => {
    const notebook = new Notebook();
    const told: Told = { kind: 'cut', code: 'ECONNRESET' };
    notebook.ended({ arrival: { kind: 'write', path: '/items/1/notes', id: 'w1' }, told, dueAt: 5, endedAt: 9 });
    notebook.ended({ arrival: hot, told: answered(200, 'hit'), dueAt: 5, endedAt: 9 });
    const result = notebook.result(facts);
    expect(result.posts).toEqual([{ id: 'w1', told }]);
    expect(result.uncached).toEqual([{ what: 'write', beganAt: 5, endedAt: 9, told }]);
    expect(result.writes.count).toBe(0);
  });
});
