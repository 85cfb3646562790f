import { expect, it } from 'vitest';
import { createGate, type Gate } from './gate.js';

const T0 = 1_700_000_000_000;
const DAY_MS = 86_400_000;

function gateOf(limit: number, perMs: number): Gate {
  const pause = { withoutHeader: { baseMs: 1_000, capMs: 60_000 }, maxMs: 3_600_000, probeAtMax: true };
  const limits = { windows: [{ limit, perMs }], concurrency: 16, reserveShare: 0, backgroundFloor: 0 };
  return createGate({ ...limits, pause, spreadMs: 0, fence: 1 }, () => 0);
}

/** From when on a call of lane now is let go, waiting each time for as long as it is told to, and never for nothing. */
function nextAt(gate: Gate, fromMs: number): number {
  let nowMs = fromMs;
  for (let looks = 0; looks < 50; looks += 1) {
    const admission = gate.admit('now', nowMs);
    if (admission.kind === 'go') return nowMs;
    if (admission.untilMs === undefined) return Infinity;
    expect(admission.untilMs).toBeGreaterThan(nowMs);
    nowMs = admission.untilMs;
  }
  return Infinity;
}

it.each([
  ['a second', 100, 1_000],
  ['a minute', 100, 60_000],
  ['a day', 10_000, DAY_MS],
])(
  'what a call turned out to cost beyond the limit of %s is over in time (trap: balances that go negative)',
  (_, limit, perMs) => {
    const gate = gateOf(limit, perMs);
    const permit = gate.start('now', T0);
    gate.settle(
      permit,
      { kind: 'answered', announcement: { quotas: [], windows: [], concurrency: undefined, cost: 3 * limit } },
      T0 + 10,
    );
    const firstMs = nextAt(gate, T0 + 10);
    expect(firstMs).toBeGreaterThan(T0 + 10);
    expect(firstMs).toBeLessThanOrEqual(T0 + 4 * perMs);
  },
);
