import { expect, it } from 'vitest';
import type { ControlWork } from '#contracts';
import { KnownEntries } from './known-entries.js';
import { PurgesService } from './purges.service.js';

const before = { fence: 3, send: 7 };
const envelope = { id: 'o1', at: '', cause: '', traceparent: '' };
const urls = ['a', 'b', 'a'].map((name) => ({ path: `/${name}`, urlHash: name }));
const order: Extract<ControlWork, { kind: 'purge' }> = { ...envelope, upstream: 'crm', kind: 'purge', urls };

function purgesOn(keys: readonly string[] | undefined) {
  const known = new KnownEntries();
  const happened: string[] = [];
  const purges = new PurgesService({
    upstream: 'crm',
    known,
    joinable: { withdrawSent: (hashes) => void happened.push(`withdrawn ${[...hashes].join()}`) },
    writer: { purgeEntries: () => Promise.reject(new Error('expected to be asked by whoever waits for the store')) },
    // What the store says to whoever waits for it.
    storeWait: { until: () => Promise.resolve(keys === undefined ? undefined : { done: keys }) as never },
    announcer: {
      removed: (facts) => {
        happened.push(`removed ${facts.keys.join()}, ${facts.reason}`);
        return Promise.resolve();
      },
    },
    highest: () => before,
  });
  return { purges, known, happened };
}

it('a purge marks what is on its way, deletes what is stored, and tells what that was', async () => {
  const { purges, known, happened } = purgesOn(['k1', 'k2']);
  expect(await purges.purge(order)).toEqual({ kind: 'done' });
  expect(known.isMarked({ urlHash: 'b', version: before })).toBe(true);
  expect(known.isMarked({ urlHash: 'b', version: { fence: 3, send: 8 } })).toBe(false);
  expect(happened).toEqual(['withdrawn a,b', 'removed k1,k2, purged']);
});

it('a purge of what is not stored has nothing to tell', async () => {
  const { purges, happened } = purgesOn([]);
  expect(await purges.purge(order)).toEqual({ kind: 'done' });
  expect(happened).toEqual(['withdrawn a,b']);
});

it('a purge goes to the next holder when this one lets go before the store is there', async () => {
  expect(await purgesOn(undefined).purges.purge(order)).toMatchObject({ kind: 'again' });
});
