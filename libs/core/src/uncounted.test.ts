import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGate } from './gate.js';
import { chargedFor } from './charged.js';
import { createGateSet } from './gate-set.js';
import type { GateConfig } from './gate-types.js';
import type { WindowLimit } from './windows.js';

const T0 = 1_700_000_000_000;

function config(windows: readonly WindowLimit[]): GateConfig {
  const pause = { withoutHeader: { baseMs: 1_000, capMs: 60_000 }, maxMs: 3_600_000, probeAtMax: true };
  return { windows, concurrency: 1_000, reserveShare: 0, backgroundFloor: 0, pause, spreadMs: 0, fence: 1 };
}

const half = (): number => 0.5;
const FREE = { kind: 'answered', cost: 0 } as const;
const PAID = { kind: 'answered' } as const;

/** So many calls one after the other, each answered at once; answers how many were let go. */
function letGo(windows: readonly WindowLimit[], outcome: typeof FREE | typeof PAID, calls: number): number {
  const gate = createGate(config(windows), half);
  for (let n = 0; n < calls; n += 1) {
    if (gate.admit('now', T0).kind !== 'go') return n;
    const permit = gate.start('now', T0);
    gate.left(permit, T0);
    gate.settle(permit, outcome, T0);
  }
  return calls;
}

describe('a call whose answer costs nothing', () => {
  it.each([
    { limit: 10, perMs: 1_000 },
    { limit: 500, perMs: 60_000 },
    { limit: 1_000, perMs: 86_400_000 },
  ])('gives its token back in a window of $limit per $perMs ms', (window) => {
    const paid = letGo([window], PAID, 5_000);
    expect(paid).toBeLessThanOrEqual(window.limit);
    expect(letGo([window], FREE, 5_000)).toBe(5_000);
  });

  it('does not keep the background to the pace of a day', () => {
    const gate = createGate(config([{ limit: 1_000, perMs: 86_400_000 }]), half);
    const go = (): boolean => {
      if (gate.admit('later', T0).kind !== 'go') return false;
      gate.settle(gate.start('later', T0), FREE, T0);
      return true;
    };
    expect(Array.from({ length: 100 }, go).every(Boolean)).toBe(true);
  });

  it('leaves in no window more paid calls than it lets through, whichever calls are free', () => {
    const call = fc.record({ idleMs: fc.integer({ min: 0, max: 300 }), takesMs: fc.nat(900), isFree: fc.boolean() });
    fc.assert(
      fc.property(fc.array(call, { minLength: 1, maxLength: 120 }), (calls) => {
        const limit = 5;
        const gate = createGate(config([{ limit, perMs: 1_000 }]), half);
        const paid: number[] = [];
        const open: { endMs: number; end: () => void }[] = [];
        let nowMs = T0;
        for (const { idleMs, takesMs, isFree } of calls) {
          nowMs += idleMs;
          for (const one of open.filter(({ endMs }) => endMs <= nowMs)) {
            open.splice(open.indexOf(one), 1);
            one.end();
          }
          if (gate.admit('now', nowMs).kind !== 'go') continue;
          const permit = gate.start('now', nowMs);
          gate.left(permit, nowMs);
          if (!isFree) paid.push(nowMs);
          const endMs = nowMs + takesMs;
          open.push({ endMs, end: () => gate.settle(permit, isFree ? FREE : PAID, endMs) });
        }
        for (const atMs of paid)
          expect(paid.filter((other) => other >= atMs && other < atMs + 1_000).length).toBeLessThanOrEqual(limit);
      }),
    );
  });

  it('is given back by every scope that it paid, and told as free', () => {
    const buckets = [{ name: 'items', windows: [{ limit: 2, perMs: 1_000 }] }];
    const upstream = config([{ limit: 2, perMs: 1_000 }]);
    const gates = createGateSet({ upstream, buckets, per: 'upstream', pauseScope: 'upstream' }, half);
    const scopes = gates.scopesOf({ bucket: 'items', partition: 'shared' });
    for (let n = 0; n < 5; n += 1) {
      expect(gates.admit(scopes, 'now', T0).kind).toBe('go');
      const permit = gates.start(scopes, 'now', T0);
      gates.left(permit, T0);
      gates.settle(permit, FREE, T0);
      expect(chargedFor(permit, FREE)).toBe(0);
      expect(chargedFor(permit, PAID)).toBe(1);
    }
  });
});
