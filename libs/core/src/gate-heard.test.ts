import { expect, it } from 'vitest';
import { createGate, type Gate } from './gate.js';
import type { GateOutcome } from './gate-types.js';

const T0 = 1_700_000_000_000;
const OVER: GateOutcome = { kind: 'abandoned' };

function gateWith(concurrency: number): Gate {
  const pause = { withoutHeader: { baseMs: 1_000, capMs: 60_000 }, maxMs: 3_600_000, probeAtMax: true };
  const config = { windows: [{ limit: 100, perMs: 1_000 }], concurrency, reserveShare: 0.2, backgroundFloor: 0.05 };
  return createGate({ ...config, pause, spreadMs: 0, fence: 1 }, () => 0);
}

it('what is heard of a call leaves its slot taken until it is settled, and is learned once', () => {
  const gate = gateWith(1);
  const permit = gate.start('now', T0);
  const throttled: GateOutcome = { kind: 'throttled', waitMs: 500, resetAtMs: undefined, resolutionMs: 1 };
  expect(gate.hear(permit, throttled, T0)).toMatchObject({ kind: 'paused' });
  expect(gate.hear(permit, throttled, T0)).toEqual({ kind: 'none' });
  const after = T0 + 5_000;
  expect(gate.admit('now', after)).toMatchObject({ kind: 'wait', reason: 'slots' });
  expect(gate.settle(permit, throttled, after)).toEqual({ kind: 'none' });
  expect(gate.counters).toMatchObject({ inFlight: 0, throttles: 1 });
  expect(gate.admit('now', after)).toMatchObject({ kind: 'go' });
});

it('a probe that was heard to be answered ends the probing while its body flows on', () => {
  const gate = gateWith(4);
  gate.pause(T0 + 1_000, 'by hand', T0);
  const probe = gate.start('now', T0 + 1_001);
  expect(gate.hear(probe, { kind: 'answered' }, T0 + 1_010)).toEqual({ kind: 'resumed' });
  expect(gate.state(T0 + 1_010).kind).toBe('ramping');
  expect(gate.settle(probe, OVER, T0 + 2_000)).toEqual({ kind: 'none' });
  expect(gate.state(T0 + 2_000).kind).toBe('ramping');
});

it('after it was settled nothing is heard', () => {
  const gate = gateWith(1);
  const permit = gate.start('now', T0);
  gate.settle(permit, OVER, T0);
  expect(gate.hear(permit, { kind: 'throttled', waitMs: 500, resetAtMs: undefined, resolutionMs: 1 }, T0)).toEqual({
    kind: 'none',
  });
});
