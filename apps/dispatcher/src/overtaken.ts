import { compareVersions } from '#core';
import type { Flight } from './flight.js';
import type { KnownEntries } from './known-entries.js';

/** Only background work can be moot, and only when all who ask are. */
export function isOvertaken(flight: Flight, known: KnownEntries): boolean {
  return flight.askers.every(({ replaces, order }) => {
    if (replaces === null) return false;
    const entry = known.get(order.key)?.entry;
    if (entry === undefined) return false;
    return replaces.version === null || compareVersions(entry.version, replaces.version) > 0;
  });
}
