import { describe, expect, it } from 'vitest';
import type { Lane } from './priority.js';
import { createScopedLanes, type CallScopes, type ScopedJob } from './scoped-lanes.js';

const A: CallScopes = { key: 'upstream', ids: ['upstream'] };
const B: CallScopes = { key: 'upstream bucket:b', ids: ['upstream', 'bucket:b'] };

function job(id: string, scopes: CallScopes, more: Partial<ScopedJob> & { lane?: Lane } = {}): ScopedJob {
  return { id, scopes, lane: 'later', enqueuedAtMs: 0, ...more };
}

describe('lanes of several scopes', () => {
  it('gives the groups by their heads, and leaves out those with nothing ready', () => {
    const lanes = createScopedLanes();
    lanes.push(job('b', B, { enqueuedAtMs: 5 }));
    lanes.push(job('a', A, { enqueuedAtMs: 10 }));
    lanes.push(job('waits', A, { lane: 'now', notBeforeMs: 100 }));
    expect(lanes.ready('background', 20).map(({ scopes }) => scopes.key)).toEqual([B.key, A.key]);
    expect(lanes.ready('now', 20)).toEqual([]);
    expect(lanes.ready('now', 100).map(({ scopes }) => scopes.key)).toEqual([A.key]);
  });

  it('a soon of one scope goes before a later of another that came less than 120 s earlier', () => {
    const lanes = createScopedLanes();
    lanes.push(job('later', A, { enqueuedAtMs: 0 }));
    lanes.push(job('soon', B, { enqueuedAtMs: 119_999, lane: 'soon' }));
    expect(lanes.ready('background', 200_000).map(({ scopes }) => scopes.key)).toEqual([B.key, A.key]);
  });

  it('counts, finds and takes out by id, whatever the group', () => {
    const lanes = createScopedLanes();
    lanes.push(job('a', A, { lane: 'now' }));
    lanes.push(job('b', B));
    expect(lanes.push(job('b', A))).toBe(false);
    expect([lanes.size, lanes.has('b'), lanes.depths()]).toEqual([2, true, { now: 1, soon: 0, later: 1 }]);
    expect(lanes.promote('b', 'now')).toBe(true);
    expect(lanes.depthsOf(B)).toEqual({ now: 1, soon: 0, later: 0 });
    expect(lanes.remove('b')?.id).toBe('b');
    expect([lanes.size, lanes.has('b'), lanes.groups().length]).toEqual([1, false, 1]);
  });

  it('ends the waits of one group and not those of another', () => {
    const lanes = createScopedLanes();
    lanes.push(job('a', A, { deadlineMs: 50 }));
    lanes.push(job('b', B, { deadlineMs: 40 }));
    expect(lanes.nextEventAt()).toBe(40);
    const group = lanes.groups().find(({ scopes }) => scopes === A);
    expect(group && lanes.expired(group, 60).map(({ id }) => id)).toEqual(['a']);
    expect([lanes.has('a'), lanes.has('b')]).toEqual([false, true]);
  });

  it('drains everything once', () => {
    const lanes = createScopedLanes();
    lanes.push(job('a', A));
    lanes.push(job('b', B));
    expect(lanes.drain().map(({ id }) => id)).toEqual(['a', 'b']);
    expect([lanes.size, lanes.drain()]).toEqual([0, []]);
  });
});
