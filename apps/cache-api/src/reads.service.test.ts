import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ReadCounts } from '#contracts';
import { ReadsService } from './reads.service.js';

const MOST_KEYS = 50_000;

function counting(chance = (): number => 0): { reads: ReadsService; told: ReadCounts[] } {
  const told: ReadCounts[] = [];
  const publisher = {
    envelope: () => ({ id: '1', at: '', cause: '', traceparent: '' }),
    publishCore: (_: string, message: object) => {
      // Nothing else is told on this subject.
      told.push(message as ReadCounts);
      return 'stored' as const;
    },
  };
  return { reads: new ReadsService('stat.reads', publisher, chance), told };
}

const openTo = (key: string): Parameters<ReadsService['count']>[0] => ({ upstream: 'crm', key, partition: 'shared' });

const total = (told: readonly ReadCounts[]): number =>
  told.flatMap(({ counts }) => counts).reduce((sum, [, reads]) => sum + reads, 0);

describe('reads', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('are told once a second, by upstream and key, and the last of them at the end', () => {
    const { reads, told } = counting();
    for (const key of ['a', 'b', 'a']) reads.count(openTo(key));
    reads.count({ ...openTo('c'), upstream: 'erp' });
    vi.advanceTimersByTime(1_000);
    expect(told).toMatchObject([
      {
        upstream: 'crm',
        counts: [
          ['a', 2],
          ['b', 1],
        ],
      },
      { upstream: 'erp', counts: [['c', 1]] },
    ]);
    reads.count(openTo('d'));
    reads.close();
    expect(told.at(-1)).toMatchObject({ counts: [['d', 1]] });
  });

  it('of what belongs to one client alone are not told', () => {
    const { reads, told } = counting();
    reads.count({ ...openTo('a'), partition: '1f2e3d' });
    reads.close();
    expect(told).toEqual([]);
  });

  it('of more keys than are held are told at once, then every second one for two', () => {
    let asked = 0;
    const { reads, told } = counting(() => (asked++ % 2 === 0 ? 0 : 0.9));
    for (let i = 0; i < MOST_KEYS; i += 1) reads.count(openTo(`k${i}`));
    expect(total(told)).toBe(MOST_KEYS);
    for (let i = 0; i < 1_000; i += 1) reads.count(openTo(`late${i}`));
    vi.advanceTimersByTime(1_000);
    expect(told.at(-1)?.counts).toHaveLength(500);
    expect(total(told)).toBe(MOST_KEYS + 1_000);
    reads.close();
  });

  it('are all counted again after a calm second', () => {
    const { reads, told } = counting(() => 0.9);
    for (let i = 0; i < MOST_KEYS; i += 1) reads.count(openTo(`k${i}`));
    vi.advanceTimersByTime(2_000);
    told.length = 0;
    reads.count(openTo('a'));
    reads.close();
    expect(total(told)).toBe(1);
  });
});
