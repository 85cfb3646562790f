import { describe, expect, it, vi } from 'vitest';
import type { ControlWork } from '#contracts';
import type { StaleMarking } from '#store';
import { KnownEntries } from './known-entries.js';
import { StaleMarksService } from './stale-marks.service.js';
import { StoreWait } from './store-wait.js';

const before = { fence: 3, send: 7 };
const urls = ['a', 'b', 'a'].map((name) => ({ path: `/${name}`, urlHash: name }));
const envelope = { id: 'o1', at: '', cause: '', traceparent: '' };
const order: Extract<ControlWork, { kind: 'stale' }> = { ...envelope, upstream: 'crm', kind: 'stale', urls };

/** `away`: how often the store refuses before it takes anything. */
function marksOn({ away = 0, canTell = true, fault = { code: '57P01' } as object } = {}) {
  const known = new KnownEntries();
  const happened: string[] = [];
  const marked: StaleMarking[] = [];
  const storeWait = new StoreWait('crm', { warn: () => undefined });
  const marks = new StaleMarksService({
    upstream: 'crm',
    known,
    joinable: { withdrawSent: (hashes) => void happened.push(`withdrawn ${[...hashes].join()}`) },
    staleMarks: {
      markStale: (marking) => {
        happened.push(away > 0 ? 'refused' : 'stored');
        away -= 1;
        if (away >= 0) return Promise.reject(Object.assign(new Error('away'), fault));
        marked.push(marking);
        return Promise.resolve();
      },
    },
    announcer: {
      stale: ({ path }) => {
        happened.push(`told ${path}`);
        return Promise.resolve(canTell);
      },
    },
    clock: { now: () => 1_000 },
    storeWait,
    highest: () => before,
  });
  return { marks, known, happened, marked, storeWait };
}

describe('what has changed', () => {
  it('is marked in memory, then in the store, then told, each URL once', async () => {
    const { marks, known, happened, marked } = marksOn();
    const marking = marks.mark(order);
    expect(known.isStale({ urlHash: 'a', version: before })).toBe(true);
    expect(known.isStale({ urlHash: 'a', version: { fence: 3, send: 8 } })).toBe(false);
    expect(await marking).toEqual({ kind: 'done' });
    expect(happened).toEqual(['withdrawn a,b', 'stored', 'told /a', 'told /b']);
    expect(marked).toEqual([{ upstream: 'crm', urls: [urls[0], urls[1]], before, markedAt: 1_000 }]);
  });

  it('is held while the store is away, and not told before it is stored', async () => {
    vi.useFakeTimers();
    try {
      const { marks, happened, storeWait } = marksOn({ away: 3 });
      const marking = marks.mark(order);
      await vi.advanceTimersByTimeAsync(600);
      expect(happened).toEqual(['withdrawn a,b', 'refused', 'refused']);
      expect(storeWait.waiting).toBe(1);
      await vi.advanceTimersByTimeAsync(1_000);
      expect(await marking).toEqual({ kind: 'done' });
      expect(storeWait.waiting).toBe(0);
      expect(happened.slice(-3)).toEqual(['stored', 'told /a', 'told /b']);
    } finally {
      vi.useRealTimers();
    }
  });

  it('goes to the next holder when this one lets go before the store is there', async () => {
    vi.useFakeTimers();
    try {
      const { marks, storeWait } = marksOn({ away: 100 });
      const marking = marks.mark(order);
      storeWait.close();
      await vi.advanceTimersByTimeAsync(600);
      expect(await marking).toMatchObject({ kind: 'again' });
    } finally {
      vi.useRealTimers();
    }
  });

  it('comes again where it could not be told', async () => {
    expect(await marksOn({ canTell: false }).marks.mark(order)).toMatchObject({ kind: 'again' });
  });

  it('is not held for ever where the store does not take what it says', async () => {
    const { marks, storeWait } = marksOn({ away: 1, fault: { code: '22021' } });
    await expect(marks.mark(order)).rejects.toThrow('away');
    expect(storeWait.waiting).toBe(0);
  });
});
