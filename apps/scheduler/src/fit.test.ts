import { describe, expect, it } from 'vitest';
import { Fit } from './fit.js';

const START_MS = 1_000_000;

/** Told four times a second for a while. */
function hear(fit: Fit, backgroundRate: number, { fromMs, forMs, state = 'flowing' as const }: Heard): void {
  for (let nowMs = fromMs; nowMs < fromMs + forMs; nowMs += 250) fit.heard({ state, backgroundRate }, nowMs);
}

interface Heard {
  readonly fromMs: number;
  readonly forMs: number;
  readonly state?: 'flowing' | 'paused' | 'probing' | 'ramping';
}

describe('whether the targets fit', () => {
  it('is taken for granted until a budget was heard, and decided by the first', () => {
    const fit = new Fit();
    expect(fit.fits(1_000)).toBe(true);
    hear(fit, 100, { fromMs: START_MS, forMs: 250 });
    expect([fit.fits(101), fit.fits(100)]).toEqual([false, false]);
    expect(fit.fits(95)).toBe(true);
    expect(fit.fits(100)).toBe(true);
  });

  it('does not change with a moment, and does with half a minute', () => {
    const fit = new Fit();
    hear(fit, 100, { fromMs: START_MS, forMs: 1_000 });
    hear(fit, 50, { fromMs: START_MS + 1_000, forMs: 500 });
    expect(fit.fits(90)).toBe(true);
    hear(fit, 50, { fromMs: START_MS + 1_500, forMs: 30_000 });
    expect([fit.fits(90), Math.round(fit.perSecond)]).toEqual([false, 52]);
  });

  it('is not asked of a pause, a probe or the climb after them', () => {
    const fit = new Fit();
    hear(fit, 100, { fromMs: START_MS, forMs: 1_000 });
    for (const [i, state] of (['paused', 'probing', 'ramping'] as const).entries())
      hear(fit, 0, { fromMs: START_MS + 1_000 + i * 60_000, forMs: 60_000, state });
    expect([fit.fits(90), fit.perSecond]).toEqual([true, 100]);
  });
});
