import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareVersions, isAtOrBelow } from './version.js';

const version = fc.record({ fence: fc.nat(5), send: fc.nat(5) });

describe('versions', () => {
  it('are ordered by fence, then by send number', () => {
    expect(compareVersions({ fence: 2, send: 1 }, { fence: 1, send: 99 })).toBeGreaterThan(0);
    expect(compareVersions({ fence: 2, send: 1 }, { fence: 2, send: 2 })).toBeLessThan(0);
  });

  it('are totally ordered', () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(Math.sign(compareVersions(a, b)) + Math.sign(compareVersions(b, a))).toBe(0);
        expect(compareVersions(a, b) === 0).toBe(a.fence === b.fence && a.send === b.send);
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0)
          expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });

  it('are invalid at the mark itself and below', () => {
    const mark = { fence: 3, send: 7 };
    expect(isAtOrBelow(mark, mark)).toBe(true);
    expect(isAtOrBelow({ fence: 2, send: 900 }, mark)).toBe(true);
    expect(isAtOrBelow({ fence: 3, send: 8 }, mark)).toBe(false);
  });
});
