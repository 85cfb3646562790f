import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLaneQueue, type LaneJob } from './lanes.js';
import type { Lane } from './priority.js';

function job(id: string, lane: Lane, enqueuedAtMs: number, more: Partial<LaneJob> = {}): LaneJob {
  return { id, lane, enqueuedAtMs, ...more };
}

function drain(queue: ReturnType<typeof createLaneQueue>, nowMs: number): string[] {
  const ids: string[] = [];
  for (;;) {
    const next = queue.take('now', nowMs) ?? queue.take('background', nowMs);
    if (next === undefined) return ids;
    ids.push(next.id);
  }
}

describe('lanes', () => {
  it('lane now goes first; within the background soon is 120 s ahead, so that later does not starve', () => {
    const queue = createLaneQueue();
    queue.push(job('old-later', 'later', 0));
    queue.push(job('later', 'later', 150_000));
    queue.push(job('soon', 'soon', 200_000));
    queue.push(job('now', 'now', 200_001));
    expect(drain(queue, 200_001)).toEqual(['now', 'old-later', 'soon', 'later']);
  });

  it('a throttled job returns to the head of its lane (trap: priority lost after a rate limit)', () => {
    const queue = createLaneQueue();
    for (const id of ['a', 'b', 'c']) queue.push(job(id, 'later', 1_000));
    const first = queue.take('background', 1_000);
    if (first !== undefined) queue.putBack(first);
    expect(drain(queue, 1_000)).toEqual(['a', 'b', 'c']);
  });

  it('a job in back-off waits apart and blocks nobody (trap: a rate-limited head blocks the ready ones)', () => {
    const queue = createLaneQueue();
    queue.push(job('retry', 'now', 0, { notBeforeMs: 500 }));
    queue.push(job('ready', 'now', 10));
    expect(queue.take('now', 100)?.id).toBe('ready');
    expect(queue.peek('now', 100)).toBeUndefined();
    expect(queue.depths().now).toBe(1);
    expect(queue.nextDueAt()).toBe(500);
    expect(queue.take('now', 500)?.id).toBe('retry');
  });

  it('a job released from back-off goes by its first enqueue time', () => {
    const queue = createLaneQueue();
    queue.push(job('fresh', 'now', 50));
    queue.push(job('retry', 'now', 0, { notBeforeMs: 100 }));
    expect(drain(queue, 100)).toEqual(['retry', 'fresh']);
  });

  it('a cancelled job frees its place at once (trap: a cancelled client jams the queue)', () => {
    const queue = createLaneQueue();
    queue.push(job('gone', 'now', 0, { deadlineMs: 9 }));
    queue.push(job('next', 'now', 1));
    expect(queue.remove('gone')?.id).toBe('gone');
    expect(queue.depths()).toEqual({ now: 1, soon: 0, later: 0 });
    expect(queue.expired(1_000)).toEqual([]);
    expect(queue.take('now', 1)?.id).toBe('next');
    expect(queue.size).toBe(0);
  });

  it('promotion raises a waiting refresh to lane now with its own enqueue time, and never lowers', () => {
    const queue = createLaneQueue();
    queue.push(job('user', 'now', 100));
    queue.push(job('refresh', 'later', 5));
    expect(queue.promote('refresh', 'now')).toBe(true);
    expect(queue.promote('refresh', 'soon')).toBe(false);
    expect(queue.depths()).toEqual({ now: 2, soon: 0, later: 0 });
    expect(queue.take('now', 100)).toMatchObject({ id: 'refresh', lane: 'now' });
  });

  it('promotion does not cut a back-off short', () => {
    const queue = createLaneQueue();
    queue.push(job('retry', 'later', 0, { notBeforeMs: 100 }));
    queue.promote('retry', 'now');
    expect(queue.peek('now', 99)).toBeUndefined();
    expect(queue.peek('now', 100)?.id).toBe('retry');
  });

  it('expired takes out all whose deadline the pause outlasts, in back-off too (trap: callers that hang)', () => {
    const queue = createLaneQueue();
    queue.push(job('short', 'now', 0, { deadlineMs: 1_000 }));
    queue.push(job('backoff', 'now', 0, { deadlineMs: 900, notBeforeMs: 500 }));
    queue.push(job('long', 'now', 0, { deadlineMs: 60_000 }));
    queue.push(job('background', 'later', 0));
    expect(queue.nextDeadlineAt()).toBe(900);
    expect(queue.expired(30_000).map(({ id }) => id)).toEqual(['backoff', 'short']);
    expect(queue.depths()).toEqual({ now: 1, soon: 0, later: 1 });
  });

  it('best finds the first fitting job in the order of the lanes, for the probe', () => {
    const queue = createLaneQueue();
    queue.push(job('write', 'now', 0));
    queue.push(job('read', 'now', 5));
    queue.push(job('refresh', 'later', 0));
    expect(queue.best(({ id }) => id !== 'write', 10)?.id).toBe('read');
    expect(queue.best(({ id }) => id === 'refresh', 10)?.id).toBe('refresh');
    expect(queue.best(() => false, 10)).toBeUndefined();
  });

  it('a second job of the same id is refused', () => {
    const queue = createLaneQueue();
    expect(queue.push(job('a', 'now', 0))).toBe(true);
    expect(queue.push(job('a', 'later', 0))).toBe(false);
    expect(queue.size).toBe(1);
  });

  it('removeWhere ends what fits and keeps the rest', () => {
    const queue = createLaneQueue();
    for (let i = 0; i < 10; i += 1) queue.push(job(String(i), 'later', i));
    expect(queue.removeWhere(({ enqueuedAtMs }) => enqueuedAtMs % 2 === 0)).toHaveLength(5);
    expect(drain(queue, 100)).toEqual(['1', '3', '5', '7', '9']);
  });

  it('keeps to the order of a plain sorted list through random pushes, removals and promotions', () => {
    const lane = fc.constantFrom<Lane>('now', 'soon', 'later');
    const action = fc.record({
      kind: fc.constantFrom('push', 'remove', 'promote', 'take'),
      at: fc.nat(300_000),
      lane,
      pick: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 120 }), (actions) => {
        const queue = createLaneQueue();
        const model: LaneJob[] = [];
        const key = (one: LaneJob): number => one.enqueuedAtMs - (one.lane === 'soon' ? 120_000 : 0);
        const ordered = (side: 'now' | 'background'): LaneJob[] =>
          model.filter((one) => (one.lane === 'now') === (side === 'now')).sort((a, b) => key(a) - key(b));
        for (const [i, { kind, at, lane: wanted, pick }] of actions.entries()) {
          const chosen = model[pick % Math.max(1, model.length)];
          // Distinct times: which of two equals goes first is another test's concern.
          const pushed = job(String(i), wanted, at * 200 + i);
          if (kind === 'push' && queue.push(pushed)) model.push(pushed);
          if (kind === 'promote' && chosen !== undefined) queue.promote(chosen.id, wanted);
          if (kind === 'remove' && chosen !== undefined)
            expect(queue.remove(chosen.id)).toBe(model.splice(model.indexOf(chosen), 1)[0]);
          for (const side of ['now', 'background'] as const) expect(queue.peek(side, 1e9)).toBe(ordered(side)[0]);
          if (kind === 'take') {
            const taken = queue.take('background', 1e9);
            if (taken !== undefined) model.splice(model.indexOf(taken), 1);
          }
        }
        expect(queue.size).toBe(model.length);
        expect(queue.depths().now).toBe(model.filter((one) => one.lane === 'now').length);
      }),
    );
  });
});
