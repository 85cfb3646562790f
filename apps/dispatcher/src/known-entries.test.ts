import { expect, test } from 'vitest';
import type { Entry, Version } from '#core';
import type { Asker, Flight } from './flight.js';
import { KnownEntries } from './known-entries.js';
import { isOvertaken } from './overtaken.js';

const HOUR_MS = 3_600_000;
const at = (send: number): Version => ({ fence: 1, send });
// What is read of entries and flights here is what stands in them.
const entryOf = (send: number): Entry => ({ key: 'k', urlHash: 'u', version: at(send) }) as Entry;
const flightFor = (replaced: number): Flight => {
  const asker = { replaces: { version: at(replaced) }, order: { key: 'k' } } as Asker;
  return { askers: [asker], order: asker.order } as Partial<Flight> as Flight;
};

test('a fetch is overtaken by what was sent for later, but not where that is known to have changed since', () => {
  const known = new KnownEntries();
  known.put({ entry: entryOf(5), requestFields: [] });
  expect(isOvertaken(flightFor(4), known)).toBe(true);
  known.markStale('u', at(5), 0);
  expect(isOvertaken(flightFor(4), known)).toBe(false);
  known.put({ entry: entryOf(6), requestFields: [] });
  expect(isOvertaken(flightFor(4), known)).toBe(true);
});

test('a mark of a change is forgotten when no call from before it can be on its way any more', () => {
  const known = new KnownEntries();
  known.markStale('u', at(5), 0);
  known.markStale('v', at(5), HOUR_MS);
  expect(known.isStale(entryOf(5))).toBe(true);
  known.markStale('w', at(5), HOUR_MS + 1);
  expect(known.isStale(entryOf(5))).toBe(false);
  expect(known.isStale({ urlHash: 'v', version: at(5) })).toBe(true);
});

test('a mark that is set again stays as long as the later one', () => {
  const known = new KnownEntries();
  known.markStale('u', at(5), 0);
  known.markStale('u', at(6), HOUR_MS);
  known.markStale('w', at(6), HOUR_MS + 1);
  expect(known.isStale(entryOf(6))).toBe(true);
});
