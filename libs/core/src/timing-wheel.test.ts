import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TimingWheel } from './timing-wheel.js';

const T0 = 1_700_000_000_000;
const TICK_MS = 250;
const TURN_MS = 16_384 * TICK_MS;

function wheelOf(dueAfterMs: readonly number[]): TimingWheel {
  const wheel = new TimingWheel();
  wheel.grow(64);
  dueAfterMs.forEach((afterMs, slot) => wheel.add(slot, T0 + afterMs, T0));
  return wheel;
}

function drained(wheel: TimingWheel, nowMs: number): number[] {
  const slots: number[] = [];
  wheel.drain(nowMs, (slot) => slots.push(slot));
  return slots.toSorted((a, b) => a - b);
}

describe('the timing wheel', () => {
  it('brings what is due, what is due in this tick, and what is overdue; each once', () => {
    const wheel = wheelOf([-5_000, 0, 100, 900, 1_100]);
    expect(drained(wheel, T0)).toEqual([0, 1, 2]);
    expect(drained(wheel, T0 + 1_000)).toEqual([3, 4]);
    expect([drained(wheel, T0 + TURN_MS), wheel.size]).toEqual([[], 0]);
  });

  it('does not bring what was removed, wherever in its bucket that stood', () => {
    for (const removed of [0, 1, 2]) {
      const wheel = wheelOf([900, 901, 902]);
      wheel.remove(removed);
      expect(drained(wheel, T0 + 1_000)).toEqual([0, 1, 2].filter((slot) => slot !== removed));
    }
  });

  it('brings what is due later than a turn within a turn, to be looked at again', () => {
    const wheel = wheelOf([3 * TURN_MS]);
    expect(drained(wheel, T0 + TURN_MS / 2)).toEqual([]);
    expect(drained(wheel, T0 + TURN_MS)).toEqual([0]);
  });

  it('takes again what is added while it is drained', () => {
    const wheel = wheelOf([100, 200]);
    wheel.drain(T0, (slot) => wheel.add(slot, T0 + 2_000, T0));
    expect([wheel.size, drained(wheel, T0 + 1_000), drained(wheel, T0 + 2_000)]).toEqual([2, [], [0, 1]]);
  });

  it('is never late, whatever steps the clock takes', () => {
    const events = fc.array(fc.tuple(fc.integer({ min: -2_000, max: 5_000_000 }), fc.nat(3 * TURN_MS)), {
      maxLength: 64,
    });
    fc.assert(
      fc.property(events, (steps) => {
        const wheel = new TimingWheel();
        wheel.grow(64);
        let nowMs = T0;
        const due = new Map<number, number>();
        steps.forEach(([stepMs, dueAfterMs], slot) => {
          nowMs += stepMs;
          wheel.drain(nowMs, (came) => due.delete(came));
          for (const dueMs of due.values()) expect(dueMs).toBeGreaterThan(nowMs);
          due.set(slot, nowMs + dueAfterMs + 1);
          wheel.add(slot, nowMs + dueAfterMs + 1, nowMs);
          expect(wheel.size).toBe(due.size);
        });
      }),
    );
  });
});
