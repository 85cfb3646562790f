import { describe, expect, it } from 'vitest';
import { playRow } from './bench-rows.js';
import { playCell, ROWS, type Cell } from './cells.js';
import type { Played } from './play.js';

function cell(name: string, more: Partial<Cell> = {}): Cell {
  const row = ROWS.find((one) => one.name === name);
  if (row === undefined) throw new Error(`there is no row of the name ${name}`);
  return { row, perSecond: 100, perMs: 1_000, roundTripMs: 40, concurrency: 32, seed: 1, calls: 10_000, ...more };
}

/** Of all three rounds the worst. Bounds are generous: they are to tell a broken gate, not a slightly worse one. */
function worst(name: string, who: 'configured' | 'learned' | 'aws', more: Partial<Cell> = {}): Played {
  const rounds = [1, 2, 3].map((seed) => playCell(cell(name, { ...more, seed }), who));
  return rounds.reduce((a, b) => ({
    ...a,
    share: Math.min(a.share, b.share),
    throttlesPer10k: Math.max(a.throttlesPer10k, b.throttlesPer10k),
    violations: a.violations + b.violations,
  }));
}

describe('the gate against a model of hostile upstreams, over 10,000 calls', { timeout: 30_000 }, () => {
  it.each(['fixed, Retry-After', 'sliding, nothing told', 'bucket of 1 window, Retry-After', 'far-reset header'])(
    'configured: %s',
    (name) => {
      const played = worst(name, 'configured', { perMs: 2_000 });
      expect(played.violations).toBe(0);
      expect(played.throttlesPer10k).toBeLessThanOrEqual(1);
      expect(played.share).toBeGreaterThan(0.94);
    },
  );

  it.each(['fixed, headers in seconds', 'fixed by first call, headers', 'fixed, epoch headers'])(
    'learned: %s',
    (name) => {
      const played = worst(name, 'learned');
      expect(played.violations).toBe(0);
      expect(played.throttlesPer10k).toBeLessThanOrEqual(2);
      expect(played.share).toBeGreaterThan(0.93);
    },
  );

  it.each(['sliding, Retry-After', 'bucket of 1 window, Retry-After'])('learned: %s', (name) => {
    const played = worst(name, 'learned');
    expect(played.violations).toBe(0);
    expect(played.throttlesPer10k).toBeLessThanOrEqual(6);
    expect(played.share).toBeGreaterThan(0.85);
  });

  it.each(['fixed, Retry-After', 'always-full header'])('learned, with a fifth of the throttles of AWS: %s', (name) => {
    const played = worst(name, 'learned');
    const aws = playCell(cell(name), 'aws');
    expect(played.violations).toBe(0);
    expect(played.throttlesPer10k).toBeLessThan(aws.throttlesPer10k / 5);
    expect(played.share).toBeGreaterThan(0.8);
  });

  it('a limit that halves and doubles is followed', () => {
    const played = playCell(cell('changing fixed'), 'learned');
    expect(played.violations).toBe(0);
    expect(played.share).toBeGreaterThan(0.7);
    expect(played.throttlesPer10k).toBeLessThan(playCell(cell('changing fixed'), 'aws').throttlesPer10k / 3);
  });

  it('bans of 30 s are hardly ever risked', () => {
    const played = playCell(cell('ban of 30 s, bucket', { perSecond: 50 }), 'learned');
    expect(played.violations).toBe(0);
    expect(played.share).toBeGreaterThan(0.7);
    expect(played.pauses).toBeLessThanOrEqual(5);
  });
});

describe('the rows of the bench in virtual time', { timeout: 30_000 }, () => {
  it.each(['bucket', 'sliding', 'http-date'] as const)('learned: %s', (row) => {
    for (const seed of [1, 2]) {
      const played = playRow(row, 'learned', 'penstock', seed);
      expect(played.violations).toBe(0);
      expect(played.share).toBeGreaterThan(0.9);
      expect(played.throttlesPer10k).toBeLessThanOrEqual(2);
    }
  });

  it('learned: a fixed window and a bare 429', () => {
    const played = playRow('fixed-silent', 'learned', 'penstock', 1);
    expect(played.share).toBeGreaterThan(0.9);
    expect(5 * played.throttlesPer10k).toBeLessThan(playRow('fixed-silent', 'learned', 'aws', 1).throttlesPer10k);
  });

  it.each(['configured', 'learned'] as const)('a limit that halves and doubles every 20 s, %s', (mode) => {
    const played = playRow('changing', mode, 'penstock', 2);
    expect(played.violations).toBe(0);
    expect(played.share).toBeGreaterThan(0.8);
    expect(played.throttlesPer10k).toBeLessThan(20);
  });
});
