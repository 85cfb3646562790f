import { describe, expect, it } from 'vitest';
import type { Entry, Version } from '#core';
import { EntryMap, type HeldEntry } from './entry-map.js';

const ID = 'u\nshared\nhttp://x/1';
const URL_HASH = 'ab'.repeat(16);
const at = (send: number): Version => ({ fence: 1, send });

function entryOf(send: number): Entry {
  return {
    key: 'cd'.repeat(16),
    urlHash: URL_HASH,
    upstream: 'u',
    path: '/1',
    partition: 'shared',
    variant: '',
    vary: [],
    status: 200,
    fields: [],
    version: at(send),
    requestedAt: 0,
    receivedAt: 0,
    lifetimeMs: 60_000,
    initialAgeMs: 0,
    graceMs: 0,
    keepMs: 0,
    bodyHash: `${send}`,
    bodyBytes: 1,
    etag: undefined,
    lastModified: undefined,
  } as Entry;
}

const held = (send: number): HeldEntry => ({ entry: entryOf(send), body: Buffer.from(`${send}`) });
const stored = (send: number, invalidAtOrBelow: Version | null = null) => ({
  ...held(send),
  requestFields: [],
  invalidAtOrBelow,
  knownStale: null,
});
const sends = (slot: { entries: readonly HeldEntry[] }): number[] =>
  slot.entries.map(({ entry }) => entry.version.send);

function mapWith(send: number): EntryMap {
  const map = new EntryMap(1_000_000, () => 0);
  map.put(ID, held(send));
  return map;
}

describe('what is in memory when events may have been missed', () => {
  it('an answer that the store does not have yet stands beside what the store has', () => {
    expect(sends(mapWith(5).load(ID, URL_HASH, [stored(4)], true))).toEqual([5]);
    expect(sends(mapWith(5).load(ID, URL_HASH, [], true))).toEqual([5]);
  });

  it('counts for nothing once it is doubted: a write may have been missed', () => {
    for (const found of [[stored(5, at(6))], []]) {
      const map = mapWith(5);
      map.doubtAll();
      expect(sends(map.load(ID, URL_HASH, found, true))).toEqual([]);
    }
    const map = mapWith(5);
    map.doubtAll();
    expect(sends(map.load(ID, URL_HASH, [stored(4)], true))).toEqual([4]);
  });

  it('counts for nothing while others may have stopped waiting for our word', () => {
    expect(sends(mapWith(5).load(ID, URL_HASH, [stored(5, at(6))], false))).toEqual([]);
    expect(sends(mapWith(5).load(ID, URL_HASH, [], false))).toEqual([]);
  });
});
