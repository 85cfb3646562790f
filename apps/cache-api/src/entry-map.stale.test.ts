import { describe, expect, it } from 'vitest';
import { freshnessOf } from '#core';
import type { Entry } from '#core';
import { EntryMap } from './entry-map.js';
import type { HeldEntry } from './entry-map.js';

const ID = 'own\nshared\nhttp://127.0.0.1/items/1';
const NOW_MS = 1_000_000;
const at = (send: number) => ({ fence: 1, send });

function held(send: number, more: Partial<Entry> = {}): HeldEntry {
  const identity = {
    key: `k${send}`,
    urlHash: 'u',
    upstream: 'own',
    path: '/items/1',
    partition: 'shared',
    variant: '',
  };
  const times = { requestedAt: NOW_MS - 10, receivedAt: NOW_MS, lifetimeMs: 60_000, initialAgeMs: 0, graceMs: 5_000 };
  const rest = { vary: [], status: 200, fields: [], keepMs: 0, bodyHash: 'h', bodyBytes: 1 };
  return { entry: { ...identity, key: 'k', version: at(send), ...times, ...rest, ...more }, body: Buffer.from('x') };
}

const stored = (send: number, knownStale: { before: { fence: number; send: number }; sinceMs: number } | null) => ({
  ...held(send),
  requestFields: [],
  invalidAtOrBelow: null,
  knownStale,
});

function kindAt(map: EntryMap, nowMs: number): string | undefined {
  const entry = map.get(ID)?.entries[0]?.entry;
  return entry && freshnessOf(entry, nowMs).kind;
}

describe('what is known to have changed', () => {
  it('is stale from then on, through its grace and no longer', () => {
    const map = new EntryMap(1e6, () => NOW_MS);
    map.put(ID, held(5));
    expect(kindAt(map, NOW_MS + 1_000)).toBe('fresh');
    map.markStale('u', { before: at(5), sinceMs: NOW_MS + 1_000 });
    expect(kindAt(map, NOW_MS + 1_000)).toBe('stale');
    expect(kindAt(map, NOW_MS + 5_999)).toBe('stale');
    expect(kindAt(map, NOW_MS + 6_000)).toBe('expired');
  });

  it('is asked about before it is used where stale answers are forbidden', () => {
    const map = new EntryMap(1e6, () => NOW_MS);
    map.put(ID, held(5, { graceMs: 0 }));
    map.markStale('u', { before: at(5), sinceMs: NOW_MS });
    expect(kindAt(map, NOW_MS)).toBe('expired');
  });

  it('is what was sent for before, also where it comes later', () => {
    const map = new EntryMap(1e6, () => NOW_MS);
    map.markStale('u', { before: at(5), sinceMs: NOW_MS - 5 });
    map.put(ID, held(5));
    expect(kindAt(map, NOW_MS)).toBe('stale');
    map.put(ID, held(6));
    expect(kindAt(map, NOW_MS)).toBe('fresh');
  });

  it('is nothing of another URL, and nothing that was sent for later', () => {
    const map = new EntryMap(1e6, () => NOW_MS);
    map.put(ID, held(6));
    map.markStale('v', { before: at(9), sinceMs: NOW_MS });
    map.markStale('u', { before: at(5), sinceMs: NOW_MS });
    expect(kindAt(map, NOW_MS)).toBe('fresh');
  });

  it('is told by the store to whoever did not hear of it', () => {
    const map = new EntryMap(1e6, () => NOW_MS);
    map.load(ID, 'u', [stored(5, { before: at(5), sinceMs: NOW_MS })], true);
    expect(kindAt(map, NOW_MS)).toBe('stale');
    map.load(ID, 'u', [stored(6, { before: at(5), sinceMs: NOW_MS })], true);
    expect(kindAt(map, NOW_MS)).toBe('fresh');
  });
});
