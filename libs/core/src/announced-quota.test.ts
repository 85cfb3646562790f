import { describe, expect, it } from 'vitest';
import { AnnouncedQuota } from './announced-quota.js';
import type { QuotaReading } from './announcement.js';

const T0 = 1_700_000_000_000;
const NONE = new Map<number, number>();

function reading(remaining: number, resetAtMs: number | undefined, limit: number | undefined = 100): QuotaReading {
  return { name: 'q', limit, remaining, resetAtMs, resolutionMs: 1000, perMs: undefined };
}

/** Calls that take 40 ms, sent one after the other; each is answered with what the caller says. */
class Caller {
  readonly quota = new AnnouncedQuota(3_600_000);
  seq = 0;

  call(atMs: number, told: QuotaReading, throttled = false): boolean {
    this.seq += 1;
    this.quota.sent(1);
    return this.quota.told(told, { seq: this.seq, startedAtMs: atMs, inFlight: NONE, throttled }, atMs + 40);
  }

  /** An honest fixed window, aligned to the clock: 8 calls a second for so long. */
  flow(perMs: number, forMs: number, resetOf?: (atMs: number) => number): void {
    const fromMs = T0 + 300;
    let begun = -1;
    let used = 0;
    for (let atMs = fromMs; atMs < fromMs + forMs; atMs += 125) {
      const window = Math.floor(atMs / perMs);
      if (window !== begun) used = 0;
      begun = window;
      used += 1;
      const resetAtMs = resetOf?.(atMs) ?? atMs + Math.ceil(((window + 1) * perMs - atMs) / 1000) * 1000;
      this.call(atMs, reading(100 - used, resetAtMs));
    }
  }
}

describe('what an answer announces of a quota', () => {
  it('what remains is less by the calls that the upstream cannot have counted yet', () => {
    const quota = new AnnouncedQuota(3_600_000);
    const inFlight = new Map([
      [1, T0 - 200],
      [3, T0 - 10],
      [4, T0 + 20],
    ]);
    quota.told(reading(10, T0 + 5_000), { seq: 2, startedAtMs: T0, inFlight, throttled: false }, T0 + 40);
    expect(quota.left).toBe(8);
  });

  it('an answer that is older by send number changes nothing', () => {
    const quota = new AnnouncedQuota(3_600_000);
    const heard = { startedAtMs: T0, inFlight: NONE, throttled: false };
    quota.told(reading(0, T0 + 5_000), { ...heard, seq: 7 }, T0 + 40);
    quota.told(reading(90, T0 + 5_000), { ...heard, seq: 6 }, T0 + 50);
    expect(quota.left).toBe(0);
    expect(quota.exhaustedUntil(1, T0 + 60)).toBe(T0 + 5_000);
  });

  it.each([1_000, 2_000, 10_000])('the length of a window of %d ms is seen from when it begins anew', (perMs) => {
    const caller = new Caller();
    caller.flow(perMs, 45_000);
    expect(caller.quota.perMs).toBe(perMs);
    expect(caller.quota.trusted).toBe(true);
  });

  it('a bucket that fills again is no window', () => {
    const caller = new Caller();
    for (let i = 0; i < 200; i += 1) caller.call(T0 + i * 100, reading(50 + (i % 3), T0 + i * 100 + 5_000));
    expect(caller.quota.perMs).toBeUndefined();
  });

  it('remaining that never falls is no count', () => {
    const caller = new Caller();
    for (let i = 0; i < 22; i += 1) caller.call(T0 + i * 100, reading(100, T0 + i * 100 + 1_000));
    expect(caller.quota.trusted).toBe(false);
    expect(caller.quota.known(T0 + 2_200)).toBe(false);
  });

  it('a limit of nothing is not believed of an upstream that answers', () => {
    const caller = new Caller();
    caller.call(T0, reading(0, T0 + 3_600_000, 0));
    expect(caller.quota.trusted).toBe(false);
    expect(caller.quota.exhaustedUntil(1, T0 + 50)).toBeUndefined();
  });

  it('a reset that is over stops nothing', () => {
    const caller = new Caller();
    caller.call(T0, reading(0, T0 - 5_000));
    expect(caller.quota.exhaustedUntil(1, T0 + 50)).toBeUndefined();
  });

  it('a throttle although much remains costs it its credence', () => {
    const caller = new Caller();
    caller.call(T0, reading(80, T0 + 1_000), true);
    caller.call(T0 + 2_000, reading(80, T0 + 3_000), true);
    expect(caller.quota.trusted).toBe(false);
  });

  it('nothing remains, says the first answer: it is asked again after 5 s, and twice wrong it is not believed', () => {
    const caller = new Caller();
    const resetAtMs = T0 + 3_600_000;
    caller.call(T0, reading(0, resetAtMs));
    expect(caller.quota.exhaustedUntil(1, T0 + 50)).toBe(T0 + 5_040);
    caller.call(T0 + 5_040, reading(0, resetAtMs));
    caller.call(T0 + 10_080, reading(0, resetAtMs));
    expect(caller.quota.trusted).toBe(false);
  });

  it('windows that begin anew long before their reset refute the reset, and only that', () => {
    const caller = new Caller();
    caller.flow(10_000, 35_000, (atMs) => atMs + 3_600_000);
    expect(caller.quota.known(T0 + 36_000)).toBe(false);
    expect(caller.quota.perMs).toBe(10_000);
    expect(caller.quota.trusted).toBe(true);
  });

  it('after ten minutes it is given another chance, and the next contradiction is the last', () => {
    const caller = new Caller();
    for (let i = 0; i < 22; i += 1) caller.call(T0 + i * 100, reading(100, T0 + i * 100 + 1_000));
    caller.call(T0 + 700_000, reading(50, T0 + 705_000));
    expect(caller.quota.trusted).toBe(true);
    caller.call(T0 + 701_000, reading(50, T0 + 705_000), true);
    expect(caller.quota.trusted).toBe(false);
  });
});
