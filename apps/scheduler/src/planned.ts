import { dueAt } from '#core';
import type { Version } from '#core';
import type { ResourceTable } from './resource-table.js';

/** A resource that is to be kept fresh, in the shared partition. */
export interface PlannedResource {
  readonly path: string;
  /** Of the entry without a variant. */
  readonly key: string;
  readonly urlHash: string;
  /** Its own, or the upstream's; undefined: neither has one. */
  readonly maxAgeMs: number | undefined;
  /** Whether that is its own: then it stands above what other refreshes are worth. */
  readonly isFloor: boolean;
  /** As registered, times the multipliers of its tags. */
  readonly weight: number;
  /** As configured for its path; learned costs come later. */
  readonly cost: number;
}

/** When an entry was asked for. Of several variants of one URL the newest counts. */
export interface KnownEntry {
  readonly urlHash: string;
  readonly key: string;
  readonly variant: string;
  readonly requestedAt: number;
  readonly version: Version;
}

/** As the store has it, with the marks on its URL: what is at or below is invalid, or out of date. */
export interface StoredTime extends KnownEntry {
  readonly invalidAtOrBelow: Version | null;
  readonly staleAtOrBelow: Version | null;
}

/** When it should be reminded of, were it alone. Infinity: at no time. */
export function whenDue(table: ResourceTable, slot: number, leadMs: (maxAgeMs: number) => number): number {
  const maxAgeMs = table.maxAgeMs.get(slot);
  if (maxAgeMs === 0) return Infinity;
  return dueAt({ fetchedAtMs: table.fetchedAtMs(slot), maxAgeMs, leadMs: leadMs(maxAgeMs) });
}

const FIRST_BACK_OFF_MS = 1_000;
const LONGEST_BACK_OFF_MS = 10 * 60_000;

/** After the n-th failure in a row; a resource that fails is tried no more often than one that does not. */
export function backOffMs(failures: number, maxAgeMs: number): number {
  return Math.min(maxAgeMs || LONGEST_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** Math.min(failures, 30));
}
