import { describe, expect, it } from 'vitest';
import { ReminderPace } from './pace.js';

const START_MS = 1_000_000;
const late = { neededPerSecond: 10_000, greatestRatio: 1.2 };
const idle = { outstanding: 0, serviceMs: 0, ...late };

function told(backgroundRate: number, more: object = {}) {
  const queued = { now: 0, soon: 0, later: 0 };
  return { fence: 1, state: 'flowing' as const, backgroundRate, queued, ...more };
}

function paceOf(backgroundRate: number, more: object = {}): ReminderPace {
  const pace = new ReminderPace();
  pace.heard(told(backgroundRate, more), START_MS);
  return pace;
}

/** How many leave in a time, in ticks of 50 ms, when each is told to have ended at once. */
function leaving(pace: ReminderPace, fromMs: number, forMs: number): number {
  let sum = 0;
  for (let nowMs = fromMs; nowMs < fromMs + forMs; nowMs += 50) {
    const allowed = pace.allowance(idle, nowMs);
    pace.spend(allowed);
    sum += allowed;
  }
  return sum;
}

describe('the pace of reminders', () => {
  it('is none until a state was heard, and none 3 s after the last', () => {
    expect(new ReminderPace().allowance(idle, START_MS)).toBe(0);
    const pace = paceOf(700);
    expect(pace.allowance(idle, START_MS + 3_000)).toBeGreaterThan(0);
    expect(pace.allowance(idle, START_MS + 3_001)).toBe(0);
  });

  it('is the rate of the holder and a little more', () => {
    const pace = paceOf(100);
    leaving(pace, START_MS, 500);
    const count = leaving(pace, START_MS + 500, 2_000);
    expect(count).toBeGreaterThanOrEqual(200);
    expect(count).toBeLessThanOrEqual(212);
  });

  it('is what is needed in the long run and a little, until something is late', () => {
    const pace = paceOf(700);
    const level = { outstanding: 0, serviceMs: 0, neededPerSecond: 100, greatestRatio: 1.01 };
    let sum = 0;
    for (let nowMs = START_MS; nowMs < START_MS + 2_500; nowMs += 50) {
      const allowed = pace.allowance(level, nowMs);
      pace.spend(allowed);
      sum += allowed;
    }
    expect(sum).toBeGreaterThanOrEqual(250);
    expect(sum).toBeLessThanOrEqual(300);
    expect(leaving(pace, START_MS + 2_500, 450)).toBeGreaterThan(300);
  });

  it('is smooth: a stall of the process is not caught up in one burst', () => {
    const pace = paceOf(100);
    leaving(pace, START_MS, 500);
    expect(pace.allowance(idle, START_MS + 2_900)).toBe(25);
  });

  it('leaves no more ahead than the holder can spend soon', () => {
    const pace = paceOf(100);
    leaving(pace, START_MS, 500);
    expect(pace.allowance({ outstanding: 50, serviceMs: 0, ...late }, START_MS + 600)).toBe(0);
    expect(pace.allowance({ outstanding: 50, serviceMs: 100, ...late }, START_MS + 600)).toBe(10);
    pace.heard(told(100, { queued: { now: 0, soon: 0, later: 50 } }), START_MS + 600);
    expect(pace.allowance(idle, START_MS + 700)).toBe(0);
  });

  it('leaves more ahead while the holder runs dry, and less again when work piles up there', () => {
    const pace = paceOf(100);
    const full = { outstanding: 1_000, serviceMs: 0, ...late };
    const ahead = (nowMs: number): number => {
      for (let outstanding = 0; ; outstanding += 5)
        if (pace.allowance({ outstanding, serviceMs: 0, ...late }, nowMs) === 0) return outstanding;
    };
    let nowMs = START_MS;
    const hear = (later: number, times: number): void => {
      for (let n = 0; n < times; n += 1) {
        pace.allowance(full, nowMs);
        pace.heard(told(100, { queued: { now: 0, soon: 0, later } }), (nowMs += 250));
      }
    };
    hear(0, 4);
    expect(ahead(nowMs)).toBe(100);
    hear(0, 100);
    expect(ahead(nowMs)).toBe(250);
    hear(45, 100);
    expect(ahead(nowMs)).toBe(50);
  });

  it('is a handful while paused or probing, for the probe to have something to send', () => {
    for (const state of ['paused', 'probing'] as const) {
      const pace = paceOf(0, { state });
      expect(pace.allowance(idle, START_MS)).toBe(4);
      expect(pace.allowance({ outstanding: 3, serviceMs: 0, ...late }, START_MS)).toBe(1);
      expect(pace.allowance({ outstanding: 90, serviceMs: 0, ...late }, START_MS)).toBe(0);
    }
  });

  it('does not begin with a herd after a pause', () => {
    const pace = paceOf(0, { state: 'paused' });
    leaving(pace, START_MS, 2_000);
    pace.heard(told(100, { state: 'ramping' }), START_MS + 2_000);
    expect(pace.allowance(idle, START_MS + 2_000)).toBeLessThanOrEqual(26);
  });

  it('hears the newest holder, and an older one only when that has fallen silent', () => {
    const pace = paceOf(100, { fence: 2 });
    pace.heard(told(0, { state: 'paused' }), START_MS + 100);
    expect(pace.allowance(idle, START_MS + 500)).toBeGreaterThan(4);
    pace.heard(told(0, { state: 'paused' }), START_MS + 3_200);
    expect(pace.allowance(idle, START_MS + 3_200)).toBe(4);
  });

  it('knows since when calls have been leaving', () => {
    const pace = paceOf(0, { state: 'paused' });
    expect(pace.flowingSince(START_MS + 1_000)).toBe(START_MS + 1_000);
    pace.heard(told(50, { state: 'ramping' }), START_MS + 1_500);
    expect(pace.flowingSince(START_MS + 2_000)).toBe(START_MS + 1_500);
    expect(pace.disturbedAt(START_MS + 2_000)).toBe(START_MS + 1_500);
  });

  it('lets a tenth of a second of the budget leave in one message, one at least, and 32 at most', () => {
    expect(new ReminderPace().together()).toBe(1);
    expect(paceOf(0, { state: 'paused' }).together()).toBe(1);
    expect([5, 100, 250, 50_000].map((rate) => paceOf(rate).together())).toEqual([1, 10, 25, 32]);
  });
});
