import { describe, expect, it } from 'vitest';
import { ThrottleBudget } from './throttle-budget.js';

const T0 = 1_700_000_000_000;

function after(throttles: number, ceiling = 100): ThrottleBudget {
  const budget = new ThrottleBudget(ceiling);
  for (let i = 0; i < throttles; i += 1) budget.seen(T0 + i * 10);
  return budget;
}

describe('the throttle budget of an upstream that bans', () => {
  it('alarms at 10 %, stops the background at 50 % and everything at 90 %', () => {
    const verdicts = [9, 10, 49, 50, 89, 90].map((throttles) => after(throttles).verdict(T0 + 1_000));
    expect(verdicts).toEqual(['free', 'alarm', 'alarm', 'no-background', 'no-background', 'nothing']);
  });

  it('forgets after 10 minutes and no sooner', () => {
    const budget = after(95);
    expect(budget.verdict(T0 + 599_999)).toBe('nothing');
    const milderAtMs = budget.milderAt(T0 + 1_000) ?? 0;
    expect(milderAtMs).toBeGreaterThanOrEqual(T0 + 600_000);
    expect(milderAtMs).toBeLessThanOrEqual(T0 + 610_000);
    expect(budget.verdict(milderAtMs - 1)).toBe('nothing');
    expect(budget.verdict(milderAtMs)).toBe('free');
    expect(budget.milderAt(milderAtMs)).toBeUndefined();
  });

  it('a restart goes on with the count', () => {
    const next = new ThrottleBudget(100);
    next.restore(JSON.parse(JSON.stringify(after(60).record(T0 + 1_000))) as [], 5_000);
    expect(next.verdict(T0 + 6_000)).toBe('no-background');
    expect(next.count(T0 + 6_000)).toBe(60);
    expect(next.verdict(T0 + 700_000)).toBe('free');
  });

  it('a flood takes no more memory than the minutes it lasted', () => {
    const budget = new ThrottleBudget(1e9);
    for (let i = 0; i < 100_000; i += 1) budget.seen(T0 + i);
    expect(budget.record(T0 + 100_000).length).toBeLessThanOrEqual(21);
  });
});
