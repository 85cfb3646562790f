import { describe, expect, it } from 'vitest';
import { Changes } from './changes.js';
import { parseProfile } from './profile.js';

function changesWith(changes: object, seed = 1): Changes {
  const parsed = parseProfile({ changes });
  if (parsed.kind === 'faulty') throw new Error(parsed.faults.join());
  return new Changes(seed, parsed.value.changes);
}

describe('Changes', () => {
  it('every version begins at its instant and ends at the next', () => {
    const changes = changesWith({ frozenShare: 0 });
    for (let version = 1; version <= 50; version++) {
      const beganMs = changes.beganMs(7, version);
      expect([changes.versionAt(7, beganMs - 0.01), changes.versionAt(7, beganMs)]).toEqual([version - 1, version]);
    }
  });

  it('an item changes at its own mean rate, at intervals that vary as chance does', () => {
    const changes = changesWith({ frozenShare: 0 });
    const intervals = Array.from({ length: 2000 }, (_, i) => changes.beganMs(3, i + 2) - changes.beganMs(3, i + 1));
    const mean = intervals.reduce((sum, interval) => sum + interval, 0) / intervals.length;
    const deviation = Math.sqrt(
      intervals.reduce((sum, interval) => sum + (interval - mean) ** 2, 0) / intervals.length,
    );
    expect(mean / changes.meanIntervalMs(3)).toBeCloseTo(1, 1);
    expect(deviation / mean).toBeGreaterThan(0.8);
    expect(deviation / mean).toBeLessThan(1.2);
  });

  it('items differ in their rates, and the given share never changes', () => {
    const changes = changesWith({ frozenShare: 0.25, medianIntervalMs: 60_000, sigma: 1 });
    const means = Array.from({ length: 2000 }, (_, i) => changes.meanIntervalMs(i + 1)).sort((a, b) => a - b);
    expect(means.filter((mean) => mean === Infinity).length / 2000).toBeCloseTo(0.25, 1);
    expect((means[750] ?? 0) / 60_000).toBeCloseTo(1, 0);
    expect((means[1400] ?? 0) / (means[100] ?? 1)).toBeGreaterThan(5);
    expect(changes.versionAt(1 + means.indexOf(Infinity), 0)).toBe(0);
  });

  it('no two seeds change alike', () => {
    const [one, other] = [changesWith({ frozenShare: 0 }, 1), changesWith({ frozenShare: 0 }, 2)];
    expect(one.beganMs(1, 1)).not.toBe(other.beganMs(1, 1));
  });
});
