import { describe, expect, it } from 'vitest';
import type { Announcement, QuotaReading } from './announcement.js';
import { createGate, type Gate } from './gate.js';
import type { GateConfig, GateOutcome, Permit, ScopeRecord } from './gate-types.js';
import type { Lane } from './priority.js';

const T0 = 1_700_000_000_000;
const ANSWERED: GateOutcome = { kind: 'answered' };

function config(more: Partial<GateConfig> = {}): GateConfig {
  return {
    windows: [{ limit: 100, perMs: 1_000 }],
    concurrency: 16,
    reserveShare: 0.2,
    backgroundFloor: 0.05,
    pause: { withoutHeader: { baseMs: 1_000, capMs: 60_000 }, maxMs: 3_600_000, probeAtMax: true },
    spreadMs: 0,
    fence: 1,
    ...more,
  };
}

function gateOf(more: Partial<GateConfig> = {}, chance = 0): Gate {
  return createGate(config(more), () => chance);
}

function throttled(waitMs: number | undefined, resolutionMs: 1 | 1000 = 1): GateOutcome {
  return { kind: 'throttled', waitMs, resetAtMs: undefined, resolutionMs };
}

function startAll(gate: Gate, lane: Lane, nowMs: number, most = Infinity): Permit[] {
  const permits: Permit[] = [];
  while (permits.length < most && gate.admit(lane, nowMs).kind === 'go') permits.push(gate.start(lane, nowMs));
  return permits;
}

/** Sends as fast as the gate lets it, each answered at once. Answers how many left in `forMs`. */
function run(gate: Gate, fromMs: number, forMs: number): number {
  let sent = 0;
  for (let nowMs = fromMs; nowMs < fromMs + forMs; nowMs += 1) {
    for (const permit of startAll(gate, 'later', nowMs)) {
      gate.settle(permit, ANSWERED, nowMs);
      sent += 1;
    }
  }
  return sent;
}

describe('what the answers tell', () => {
  const NO_WINDOWS: Partial<GateConfig> = { windows: [], reserveShare: 0, concurrency: 100 };

  function told(quotas: Announcement['quotas'], more: Partial<Announcement> = {}): GateOutcome {
    const announcement = { quotas, windows: [], concurrency: undefined, cost: undefined, ...more };
    return { kind: 'answered', announcement };
  }

  function quota(remaining: number, resetAtMs: number, more: Partial<QuotaReading> = {}): QuotaReading {
    return { name: 'q', limit: 100, remaining, resetAtMs, resolutionMs: 1, perMs: undefined, ...more };
  }

  it('windows that the upstream declares configure themselves, with what was sent before they were known', () => {
    const gate = gateOf(NO_WINDOWS);
    gate.settle(gate.start('now', T0), ANSWERED, T0);
    const windows = [
      { name: 'burst', limit: 10, perMs: 1_000 },
      { name: 'daily', limit: 1_000, perMs: 86_400_000 },
    ];
    gate.settle(gate.start('now', T0 + 5), told([], { windows }), T0 + 5);
    expect(gate.tokens(T0 + 10)).toBe(8);
    expect(startAll(gate, 'now', T0 + 10)).toHaveLength(8);
    expect(gate.learned).toEqual({
      kind: 'declared',
      perSecond: expect.closeTo(1_000 / 86_400, 5) as number,
      limit: 1_000,
      perMs: 86_400_000,
      confidence: 1,
    });
  });

  it('a restart keeps what was declared, and assumes the worst of it', () => {
    const before = gateOf(NO_WINDOWS);
    const windows = [{ name: 'burst', limit: 10, perMs: 1_000 }];
    before.settle(before.start('now', T0), told([], { windows }), T0);
    const after = gateOf({ ...NO_WINDOWS, fence: 2 });
    after.restore(JSON.parse(JSON.stringify(before.snapshot(T0 + 1))) as ScopeRecord, { clean: false }, T0 + 20);
    expect(after.tokens(T0 + 20)).toBe(0);
    expect(after.admit('now', T0 + 1_020)).toEqual({ kind: 'go', probe: true });
    expect(after.learned).toMatchObject({ kind: 'declared', limit: 10 });
  });

  it('configured windows are lowered at once to what the upstream counts, and not raised before its window is over', () => {
    const gate = gateOf({ reserveShare: 0, concurrency: 100 });
    const [first, second] = startAll(gate, 'now', T0, 2);
    if (first === undefined || second === undefined) throw new Error('expected two permits');
    gate.settle(second, told([quota(3, T0 + 700)]), T0 + 10);
    expect(gate.tokens(T0 + 10)).toBe(2);
    gate.settle(first, told([quota(90, T0 + 700)]), T0 + 20);
    expect(startAll(gate, 'now', T0 + 20)).toHaveLength(2);
    expect(gate.admit('now', T0 + 20)).toEqual({ kind: 'wait', untilMs: T0 + 700, reason: 'tokens' });
    expect(gate.admit('now', T0 + 700).kind).toBe('go');
    expect(gate.tokens(T0 + 700)).toBe(96);
  });

  it('of several windows the one of the same length is lowered, else the one of the same limit', () => {
    const windows = [
      { limit: 50, perMs: 1_000 },
      { limit: 1_000, perMs: 60_000 },
    ];
    const gate = gateOf({ windows, reserveShare: 0, concurrency: 100 });
    gate.settle(gate.start('now', T0), told([quota(1, T0 + 500, { limit: 70, perMs: 1_000 })]), T0 + 5);
    expect(gate.admit('now', T0 + 5).kind).toBe('go');
    gate.start('now', T0 + 5);
    expect(gate.admit('now', T0 + 5)).toMatchObject({ untilMs: T0 + 500 });
    const other = gateOf({ windows, reserveShare: 0, concurrency: 100 });
    other.settle(other.start('now', T0), told([quota(0, T0 + 30_000, { limit: 1_000 })]), T0 + 5);
    expect(other.admit('now', T0 + 5)).toMatchObject({ untilMs: T0 + 30_000 });
  });

  it.each([
    ['nothing remains', quota(0, T0 + 3_600_000)],
    ['a limit of nothing', quota(0, T0 + 3_600_000, { limit: 0 })],
    ['a reset that is over', quota(0, T0 - 60_000)],
    ['always full', quota(100, T0 + 3_600_000)],
  ])('a header that is plainly wrong (%s) does not stop the traffic', (_, reading) => {
    for (const windows of [[], [{ limit: 100, perMs: 1_000 }]]) {
      const gate = gateOf({ ...NO_WINDOWS, windows });
      let sent = 0;
      for (let nowMs = T0; nowMs < T0 + 60_000; nowMs += 20) {
        for (const permit of startAll(gate, 'later', nowMs, 5)) {
          sent += 1;
          gate.settle(permit, told([reading]), nowMs);
        }
      }
      expect(sent).toBeGreaterThan(1_000);
    }
  });

  it('a call is charged what it costs: as asked, as calls have cost so far, and the difference when it is told', () => {
    const gate = gateOf({ windows: [{ limit: 100, perMs: 2_000 }], reserveShare: 0, concurrency: 100 });
    const permit = gate.start('now', T0, 10);
    expect(gate.tokens(T0)).toBe(90);
    gate.settle(permit, told([], { cost: 25 }), T0 + 10);
    expect(gate.tokens(T0 + 10)).toBe(75);
    for (let i = 0; i < 3; i += 1) gate.settle(gate.start('now', T0 + 20, 20), told([], { cost: 20 }), T0 + 20);
    expect(gate.tokens(T0 + 20)).toBe(15);
    expect(gate.admit('now', T0 + 20, 16)).toMatchObject({ kind: 'wait', untilMs: T0 + 2_000 });
    expect(gate.admit('now', T0 + 20, 15).kind).toBe('go');
    expect(gate.start('now', T0 + 20).cost).toBeGreaterThan(4);
    expect(gate.admit('now', T0 + 10_000, 1_000).kind).toBe('go');
  });

  it('so many calls under way as the upstream says, and never more than configured', () => {
    const gate = gateOf({ concurrency: 10, reserveShare: 0 });
    gate.settle(gate.start('now', T0), told([], { concurrency: 3 }), T0);
    const permits = startAll(gate, 'now', T0 + 1);
    expect(permits).toHaveLength(3);
    for (const permit of permits) gate.settle(permit, told([], { concurrency: 50 }), T0 + 2);
    expect(startAll(gate, 'now', T0 + 3)).toHaveLength(10);
  });

  it('a limit that is lower than configured is felt out below it, and the configured one is back when that holds again', () => {
    const gate = gateOf({ windows: [{ limit: 100, perMs: 1_000 }], reserveShare: 0, concurrency: 100 });
    const log: number[] = [];
    let throttles = 0;
    const run = (fromMs: number, forMs: number, limit: number): number => {
      let good = 0;
      for (let nowMs = fromMs; nowMs < fromMs + forMs; nowMs += 1) {
        while ((log[0] ?? Infinity) + 1_000 <= nowMs) log.shift();
        for (const permit of startAll(gate, 'later', nowMs)) {
          if (log.length < limit) {
            log.push(nowMs);
            good += 1;
            gate.settle(permit, ANSWERED, nowMs);
          } else {
            throttles += 1;
            gate.settle(permit, throttled(1_000), nowMs);
          }
        }
      }
      return (1000 * good) / forMs;
    };
    run(T0, 20_000, 100);
    run(T0 + 20_000, 60_000, 40);
    throttles = 0;
    expect(run(T0 + 80_000, 120_000, 40)).toBeGreaterThan(30);
    expect(throttles).toBeLessThan(12);
    expect(gate.learned).toMatchObject({ kind: 'rate' });
    run(T0 + 200_000, 240_000, 100);
    expect(run(T0 + 440_000, 10_000, 100)).toBeGreaterThan(90);
  });

  it('reads the record of an older holder', () => {
    const before = gateOf(NO_WINDOWS);
    run(before, T0, 7_000);
    before.settle(before.start('later', T0 + 7_100), throttled(1_000), T0 + 7_100);
    const record = before.snapshot(T0 + 7_200);
    const old = { ...record, learned: { perSecond: 50, holdMs: 120_000 } };
    const after = gateOf({ ...NO_WINDOWS, fence: 2 });
    after.restore(old, { clean: true }, T0 + 7_300);
    expect(after.learned).toMatchObject({ kind: 'rate', perSecond: 50 });
  });
});
