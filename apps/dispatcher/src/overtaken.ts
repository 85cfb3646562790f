import { compareVersions } from '#core';
import type { Asker, Flight } from './flight.js';
import type { KnownEntries } from './known-entries.js';

/** Only background work can be moot, and only when all who ask are. */
export function isOvertaken({ askers, order }: Flight, known: KnownEntries): boolean {
  for (const asker of order.joint?.askers ?? askers) if (!isMoot(asker, known)) return false;
  return true;
}

/** Its successor is stored already. */
export function isMoot({ replaces, order }: Asker, known: Pick<KnownEntries, 'get' | 'isStale'>): boolean {
  if (replaces === null) return false;
  const entry = known.get(order.key)?.entry;
  // What is known to have changed since is no successor.
  if (entry === undefined || known.isStale(entry)) return false;
  return replaces.version === null || compareVersions(entry.version, replaces.version) > 0;
}
