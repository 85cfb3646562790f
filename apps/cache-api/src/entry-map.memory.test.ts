import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import type { Entry } from '#core';
import { EntryMap } from './entry-map.js';
import { readyHeadOf } from './ready-head.js';

setFlagsFromString('--expose-gc');
// V8 gives it out under this name once it is exposed.
const collect = runInNewContext('gc') as () => void;

const COUNT = 4_000;

test.each([500, 3_500])('what is counted for entries of %d bytes is what they take, within a third', async (bytes) => {
  const map = new EntryMap(2 ** 30, () => 0);
  const before = await usedBytes();
  for (let n = 0; n < COUNT; n += 1) fill(map, n, bytes);
  const taken = (await usedBytes()) - before;
  expect(map.size()).toBe(COUNT);
  expect(map.bytes() / taken).toBeGreaterThan(0.67);
  expect(map.bytes() / taken).toBeLessThan(1.33);
});

test('the least recently used entries go when there are more bytes than may be', () => {
  const map = new EntryMap(100_000, () => 0);
  for (let n = 0; n < 100; n += 1) fill(map, n, 3_500);
  expect(map.bytes()).toBeLessThanOrEqual(100_000);
  expect(map.get(idOf(0))).toBeUndefined();
  expect(map.get(idOf(99))).toBeDefined();
});

/** Memory outside of the heap is given back a little later. */
async function usedBytes(): Promise<number> {
  for (let i = 0; i < 4; i += 1) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function idOf(n: number): string {
  return `own\nshared\nhttp://127.0.0.1:8090/items/${n}`;
}

/** As it comes: texts of their own, and a body that is a view of what came from the socket. */
function fill(map: EntryMap, n: number, bytes: number): void {
  const entry = JSON.parse(JSON.stringify(entryOf(n, bytes))) as Entry;
  const body = Buffer.alloc(4 * bytes).subarray(0, bytes);
  map.put(idOf(n), { entry, body });
  const held = map.get(idOf(n))?.entries[0];
  if (held === undefined) return;
  const fields = [...entry.fields, ['Age', '0'], ['Cache-Status', 'penstock; hit; ttl=0']] as const;
  held.ready = readyHeadOf({ status: 200, fields, body, outcome: 'hit' }, 65_000) ?? null;
}

function entryOf(n: number, bytes: number): Entry {
  const digits = n.toString(16).padStart(32, '0');
  return {
    ...{
      key: digits,
      urlHash: digits,
      upstream: 'own',
      path: `/items/${n}`,
      partition: 'shared',
      variant: '',
      vary: [],
    },
    ...{ version: { fence: 1, send: n }, status: 200, requestedAt: 1e12 + n, receivedAt: 1e12 + n },
    fields: [
      ['Content-Type', 'application/json; charset=utf-8'],
      ['Content-Length', String(bytes)],
      ['Cache-Control', 'max-age=86400'],
      ['ETag', `"${digits}"`],
      ['Date', 'Tue, 24 Nov 2026 13:48:19 GMT'],
    ],
    ...{ bodyHash: digits + digits, bodyBytes: bytes, lifetimeMs: 864e5, initialAgeMs: 0, graceMs: 0, keepMs: 864e5 },
    etag: `"${digits}"`,
  };
}
