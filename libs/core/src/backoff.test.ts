import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { delayOf, type BackoffPolicy } from './backoff.js';

const E = { baseMs: 100, factor: 3, capMs: 2_000 };

function delays(policy: BackoffPolicy, chance: number): number[] {
  return [1, 2, 3, 4].map((retry) => delayOf(policy, retry, 0, chance));
}

describe('back-off', () => {
  it.each<[BackoffPolicy, number, number[]]>([
    [{ kind: 'none' }, 0.5, [0, 0, 0, 0]],
    [{ kind: 'fixed', delayMs: 70 }, 0.5, [70, 70, 70, 70]],
    [{ kind: 'uniform', minMs: 10, maxMs: 30 }, 0.5, [20, 20, 20, 20]],
    [{ kind: 'fixed-randomised', delayMs: 100, spread: 0.5 }, 0, [50, 50, 50, 50]],
    [{ kind: 'linear', baseMs: 100, capMs: 350 }, 0, [100, 200, 300, 350]],
    [{ kind: 'quadratic', baseMs: 100, capMs: 1_000 }, 0, [100, 400, 900, 1_000]],
    [{ kind: 'list', delaysMs: [1, 5, 9] }, 0, [1, 5, 9, 9]],
    [{ kind: 'list', delaysMs: [] }, 0, [0, 0, 0, 0]],
    [{ kind: 'fibonacci', baseMs: 10, capMs: 1_000 }, 0, [10, 10, 20, 30]],
    [{ kind: 'exponential', ...E }, 0, [100, 300, 900, 2_000]],
    [{ kind: 'exponential-randomised', spread: 0.5, ...E }, 0.5, [100, 300, 900, 2_000]],
    [{ kind: 'full-jitter', ...E }, 0.5, [50, 150, 450, 1_000]],
    [{ kind: 'equal-jitter', ...E }, 0, [50, 150, 450, 1_000]],
    [{ kind: 'partial-jitter', jitter: 0.2, ...E }, 0, [80, 240, 720, 1_600]],
  ])('%j at chance %d waits %j', (policy, chance, expected) => {
    expect(delays(policy, chance).map((ms) => Math.round(ms))).toEqual(expected);
  });

  it('decorrelated lies between base and three times the delay before, at most cap', () => {
    const policy: BackoffPolicy = { kind: 'decorrelated', baseMs: 100, capMs: 1_000 };
    expect(delayOf(policy, 1, 0, 0.9)).toBe(100);
    expect(delayOf(policy, 2, 200, 0.5)).toBe(350);
    expect(delayOf(policy, 3, 5_000, 0.5)).toBe(1_000);
  });

  it('smooth decorrelated grows by its factor on average and stays under its cap', () => {
    const policy: BackoffPolicy = { kind: 'decorrelated-smooth', baseMs: 128, factor: 2, capMs: 30_000 };
    const mean = (retry: number): number =>
      Array.from({ length: 100 }, (_, i) => delayOf(policy, retry, 0, i / 100)).reduce((sum, ms) => sum + ms, 0) / 100;
    expect(mean(5) / mean(4)).toBeGreaterThan(1.7);
    expect(mean(5) / mean(4)).toBeLessThan(2.3);
    expect(delayOf(policy, 40, 0, 0.9)).toBe(30_000);
  });

  it('header-led without a header follows its other policy', () => {
    expect(delayOf({ kind: 'header-led', otherwise: { kind: 'fixed', delayMs: 5 } }, 1, 0, 0)).toBe(5);
  });

  it('is finite, not negative and within its cap for any retry and chance', () => {
    const kinds = ['exponential', 'full-jitter', 'equal-jitter', 'decorrelated-smooth'] as const;
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds),
        fc.integer({ min: 1, max: 5_000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (kind, retry, chance) => {
          const delay = delayOf({ kind, ...E }, retry, 0, chance);
          expect(delay).toBeGreaterThanOrEqual(0);
          expect(delay).toBeLessThanOrEqual(E.capMs);
        },
      ),
    );
  });
});
