import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGate, type Gate } from './gate.js';
import type { GateConfig, GateOutcome, Permit } from './gate-types.js';
import type { Lane } from './priority.js';

const T0 = 1_700_000_000_000;

type Step =
  | { readonly kind: 'start'; readonly lane: Lane; readonly most: number }
  | { readonly kind: 'end'; readonly pick: number; readonly outcome: GateOutcome }
  | { readonly kind: 'idle'; readonly ms: number }
  | { readonly kind: 'wait' }
  | { readonly kind: 'take-over'; readonly clean: boolean };

const outcome: fc.Arbitrary<GateOutcome> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<GateOutcome>({ kind: 'answered' }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('throttled' as const),
      waitMs: fc.option(fc.integer({ min: 1, max: 60_000 }), { nil: undefined }),
      resetAtMs: fc.constant(undefined),
      resolutionMs: fc.constantFrom<1 | 1000>(1, 1000),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom<GateOutcome>({ kind: 'failed' }, { kind: 'abandoned' }) },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('start' as const),
      lane: fc.constantFrom<Lane>('now', 'soon', 'later'),
      most: fc.integer({ min: 1, max: 70 }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('end' as const), pick: fc.nat(), outcome }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('idle' as const), ms: fc.integer({ min: 0, max: 20_000 }) }) },
  { weight: 3, arbitrary: fc.constant<Step>({ kind: 'wait' }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('take-over' as const), clean: fc.boolean() }) },
);

function configOf(windows: GateConfig['windows'], fence: number): GateConfig {
  return {
    windows,
    concurrency: 64,
    reserveShare: 0.2,
    backgroundFloor: 0.05,
    pause: { withoutHeader: { baseMs: 1_000, capMs: 60_000 }, maxMs: 3_600_000, probeAtMax: true },
    spreadMs: 0,
    fence,
  };
}

/** Plays a history and checks at each step what must hold after any. */
class Play {
  nowMs = T0;
  fence = 1;
  gate: Gate;
  open: Permit[] = [];
  starts: number[] = [];

  constructor(
    private readonly windows: GateConfig['windows'],
    private readonly chance: () => number,
  ) {
    this.gate = createGate(configOf(windows, this.fence), chance);
  }

  play(one: Step): void {
    if (one.kind === 'start') this.start(one.lane, one.most);
    if (one.kind === 'end') this.end(one.pick, one.outcome);
    if (one.kind === 'idle') this.nowMs += one.ms;
    if (one.kind === 'wait') this.wait();
    if (one.kind === 'take-over') this.takeOver(one.clean);
    expect(this.open.filter((permit) => permit.probe).length).toBeLessThanOrEqual(1);
    expect(this.gate.counters.inFlight).toBe(this.open.length);
  }

  start(lane: Lane, most: number): void {
    for (let i = 0; i < most && this.gate.admit(lane, this.nowMs).kind === 'go'; i += 1) {
      expect(this.gate.pausedUntil(this.nowMs)).toBeUndefined();
      this.open.push(this.gate.start(lane, this.nowMs));
      this.starts.push(this.nowMs);
    }
  }

  end(pick: number, how: GateOutcome): void {
    const [permit] = this.open.splice(pick % Math.max(1, this.open.length), 1);
    if (permit === undefined) return;
    this.nowMs += 1;
    const before = this.gate.snapshot(this.nowMs);
    const change = this.gate.settle(permit, how, this.nowMs);
    const after = this.gate.snapshot(this.nowMs);
    expect(after.pausedUntilMs).toBeGreaterThanOrEqual(before.pausedUntilMs);
    if (how.kind === 'throttled')
      expect(this.gate.pausedUntil(this.nowMs)).toBeGreaterThanOrEqual(this.nowMs + (how.waitMs ?? 0));
    const sameEpoch = permit.epoch.n === before.epoch.n;
    if (how.kind === 'throttled') expect(after.episodes - before.episodes).toBe(sameEpoch ? 1 : 0);
    if (change.kind === 'resumed') expect(permit.probe).toBe(true);
  }

  /** Sleeps until the very time that the gate names, and must not be told the same time again. */
  wait(): void {
    const admission = this.gate.admit('now', this.nowMs);
    if (admission.kind === 'go' || admission.untilMs === undefined) return;
    expect(admission.untilMs).toBeGreaterThan(this.nowMs);
    this.nowMs = admission.untilMs;
    const next = this.gate.admit('now', this.nowMs);
    if (next.kind === 'wait' && next.untilMs !== undefined) expect(next.untilMs).toBeGreaterThan(this.nowMs);
  }

  takeOver(clean: boolean): void {
    if (this.open.length > 0) return;
    const record = this.gate.snapshot(this.nowMs);
    this.fence += 1;
    this.gate = createGate(configOf(this.windows, this.fence), this.chance);
    this.nowMs += 50;
    this.gate.restore(record, { clean }, this.nowMs);
    expect(this.gate.pausedUntil(this.nowMs)).toBe(
      record.pausedUntilMs > this.nowMs ? record.pausedUntilMs : undefined,
    );
  }
}

describe('the gate, over random histories of answers, throttles, failures and take-overs', () => {
  const windowsKinds = fc.constantFrom<GateConfig['windows']>(
    [],
    [{ limit: 80, perMs: 1_000 }],
    [
      { limit: 30, perMs: 1_000 },
      { limit: 300, perMs: 30_000 },
    ],
  );

  it('nothing starts in a pause, one probe at most, no throttle shortens, one escalation an epoch, no window exceeded', () => {
    const chances = fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true }));
    fc.assert(
      fc.property(windowsKinds, chances, fc.array(step, { maxLength: 150 }), (windows, stream, steps) => {
        const play = new Play(windows, () => stream.next().value ?? 0);
        for (const one of steps) play.play(one);
        for (const { limit, perMs } of windows) {
          play.starts.forEach((atMs, i) =>
            expect((play.starts[i + limit] ?? Infinity) - atMs).toBeGreaterThanOrEqual(perMs),
          );
        }
      }),
      { numRuns: 500 },
    );
  }, 30_000);

  it('ends in FLOWING once the upstream answers again, whatever happened before', () => {
    fc.assert(
      fc.property(windowsKinds, fc.array(step, { maxLength: 80 }), (windows, steps) => {
        const play = new Play(windows, () => 0.5);
        for (const one of steps) play.play(one);
        while (play.open.length > 0) play.end(0, { kind: 'answered' });
        const byMs = play.nowMs + 300_000;
        while (play.nowMs < byMs && play.gate.state(play.nowMs).kind !== 'flowing') {
          play.wait();
          play.start('now', 1);
          if (play.open.length > 0) play.end(0, { kind: 'answered' });
        }
        expect(play.gate.state(play.nowMs)).toEqual({ kind: 'flowing' });
      }),
      { numRuns: 200 },
    );
    // A busy machine may take its time over the thousands of steps of a ramp.
  }, 30_000);
});
