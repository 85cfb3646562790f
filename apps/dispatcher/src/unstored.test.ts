import { describe, expect, it } from 'vitest';
import type { RefusalReason, Storability } from '#core';
import { Unstored, type Advice } from './unstored.js';

function noted(...answers: (RefusalReason | 'storable')[]): Advice[] {
  const told: Advice[] = [];
  const unstored = new Unstored((advice) => void told.push(advice));
  for (const one of answers) unstored.note(storabilityOf(one));
  return told;
}

function storabilityOf(one: RefusalReason | 'storable'): Storability {
  return one === 'storable' ? { kind: 'storable' } : { kind: 'refused', reason: one };
}

function times<T>(count: number, one: T): T[] {
  return Array.from({ length: count }, () => one);
}

describe('answers that cannot be stored', () => {
  it('are told once when they are more than half, with the switch that would change most', () => {
    const told = noted(
      ...times(49, 'storable' as const),
      ...times(20, 'private' as const),
      ...times(200, 'no-store' as const),
    );
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({ answers: 100, notStored: 51, reason: 'no-store' });
    expect(told[0]?.advice).toContain('cache.ignoreDirectives: [no-store]');
  });

  it('are not told at half of them, nor before a hundred', () => {
    expect(noted(...times(100, 'storable' as const), ...times(100, 'no-store' as const))).toEqual([]);
    expect(noted(...times(99, 'no-store' as const))).toEqual([]);
  });

  it('do not count where the client wanted it so', () => {
    expect(noted(...times(500, 'request-no-store' as const), ...times(500, 'method' as const))).toEqual([]);
  });

  it('without freshness are told the ttl of the operator', () => {
    expect(noted(...times(100, 'no-freshness' as const))[0]?.advice).toContain('cache.ttl');
  });
});
