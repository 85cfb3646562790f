import { describe, expect, it } from 'vitest';
import type { Entry, Version } from '#core';
import type { FetchWork } from '#contracts';
import type { EntryHead, StoredEntry } from '#store';
import { KnownEntries } from './known-entries.js';
import { Recall } from './recall.js';

const version = (send: number): Version => ({ fence: 1, send });

// What is read of work and entries here is what stands in them.
const workOf = (key: string, have: Version | null): FetchWork => ({ key, have }) as FetchWork;
const entryOf = (key: string, send: number): Entry => ({ key, urlHash: `u-${key}`, version: version(send) }) as Entry;

function headOf({ key, version: of }: Entry, is: Pick<EntryHead, 'isInvalid' | 'isKnownStale'>): EntryHead {
  return { key, version: of, receivedAt: 0, requestFields: [], etag: null, lastModified: null, ...is };
}

function storedOf(entry: Entry): StoredEntry {
  return { entry, requestFields: [], body: new Uint8Array(0), invalidAtOrBelow: null, knownStale: null };
}

function recallOf(
  entries: readonly Entry[],
  { invalid = [] as string[], stale = [] as string[], isAway = false } = {},
) {
  const known = new KnownEntries();
  const reads: string[] = [];
  const told: string[] = [];
  const warned: string[] = [];
  let canTell = true;
  const isOf = (key: string): Pick<EntryHead, 'isInvalid' | 'isKnownStale'> => ({
    isInvalid: invalid.includes(key),
    isKnownStale: stale.includes(key),
  });
  const recall = new Recall({
    known,
    repository: {
      readHeads: (keys) => {
        if (isAway) return Promise.reject(new Error('away'));
        const found = entries.filter(({ key }) => keys.includes(key));
        return Promise.resolve(found.map((entry) => headOf(entry, isOf(entry.key))));
      },
      readByKey: (key) => {
        reads.push(key);
        const entry = entries.find((one) => one.key === key);
        return Promise.resolve(entry === undefined ? undefined : storedOf(entry));
      },
    },
    announcer: {
      stored: ({ key, changed }, cause) => {
        if (canTell) told.push(`${key} ${changed} ${cause}`);
        return Promise.resolve(canTell);
      },
    },
    logger: { warn: (_: object, message: string) => void warned.push(message) } as never,
  });
  return { recall, known, reads, told, warned, silence: (silent: boolean) => (canTell = !silent) };
}

describe('work that comes again', () => {
  it('is known to be done when the store holds a newer version than it names, and is told once more', async () => {
    const { recall, known, told } = recallOf([entryOf('a', 5), entryOf('b', 5), entryOf('c', 5)]);
    await recall.look([workOf('a', version(4)), workOf('b', version(5)), workOf('c', null), workOf('d', null)]);
    expect(['a', 'b', 'c', 'd'].map((key) => known.get(key)?.entry.version)).toEqual([
      version(5),
      undefined,
      version(5),
      undefined,
    ]);
    for (const key of ['a', 'b', 'a']) expect(await recall.tell(key, 'w')).toBe(true);
    expect(told).toEqual(['a true w']);
  });

  it('is done again where a write has made what is stored invalid', async () => {
    const { recall, known } = recallOf([entryOf('a', 5)], { invalid: ['a'] });
    await recall.look([workOf('a', version(4))]);
    expect(known.get('a')).toBeUndefined();
  });

  it('is done again where what is stored is known to have changed since', async () => {
    const { recall, known } = recallOf([entryOf('a', 5)], { stale: ['a'] });
    await recall.look([workOf('a', version(4))]);
    expect(known.get('a')).toBeUndefined();
  });

  it('is not looked for where this holder knows its entry itself', async () => {
    const { recall, known, reads } = recallOf([entryOf('a', 5)]);
    known.put({ entry: entryOf('a', 6), requestFields: [] });
    await recall.look([workOf('a', version(4))]);
    expect(reads).toEqual([]);
    expect(known.get('a')?.entry.version).toEqual(version(6));
  });

  it('is told when that is possible again', async () => {
    const { recall, told, silence } = recallOf([entryOf('a', 5)]);
    await recall.look([workOf('a', version(4))]);
    silence(true);
    expect(await recall.tell('a', 'w')).toBe(false);
    silence(false);
    expect(await recall.tell('a', 'w')).toBe(true);
    expect(told).toEqual(['a true w']);
  });

  it('is counted while it is looked for, and done again when the store is away', async () => {
    const { recall, known, warned } = recallOf([entryOf('a', 5)], { isAway: true });
    const looking = recall.look([workOf('a', version(4)), workOf('b', null)]);
    expect(recall.looking).toBe(2);
    await looking;
    expect(recall.looking).toBe(0);
    expect(known.get('a')).toBeUndefined();
    expect(warned).toHaveLength(1);
  });
});
