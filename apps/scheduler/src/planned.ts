import { dueAt, isAtOrBelow } from '#core';
import type { HeapPlace, Version } from '#core';
import type { OverduePlace } from './overdue-order.js';

/** A resource that is to be kept fresh, in the shared partition. */
export interface PlannedResource {
  readonly path: string;
  /** Of the entry without a variant. */
  readonly key: string;
  readonly urlHash: string;
  readonly maxAgeMs: number;
}

/** When an entry was asked for. Of several variants of one URL the newest counts. */
export interface KnownEntry {
  readonly urlHash: string;
  readonly key: string;
  readonly variant: string;
  readonly requestedAt: number;
  readonly version: Version;
}

/**
 * Where a resource is in its round.
 *
 * - unplaced: it was just put in, or its reminder has just ended → waiting or overdue, within the same call.
 * - waiting: until its time comes → overdue.
 * - overdue: it is due, and has its turn when the pace allows → outstanding.
 * - outstanding: someone was reminded, and the end has not been told → unplaced.
 */
export type Stage =
  | { readonly kind: 'unplaced' }
  | { readonly kind: 'waiting'; readonly at: HeapPlace<Planned> }
  | { readonly kind: 'overdue'; readonly at: OverduePlace<Planned> }
  | { readonly kind: 'outstanding'; readonly sinceMs: number };

/** What is known of one resource of the plan. */
export interface Planned {
  readonly path: string;
  readonly urlHash: string;
  /** Of the entry without a variant: what to ask for while nothing is stored. */
  readonly ownKey: string;
  maxAgeMs: number;
  /** Of the newest entry: this is what is asked for again. */
  key: string;
  variant: string;
  requestedAt: number | undefined;
  receivedAt: number | undefined;
  version: Version | null;
  /** A write made what came from this call, or from one before it, invalid. */
  invalidAtOrBelow: Version | null;
  failures: number;
  notBeforeMs: number;
  stage: Stage;
}

export function isInvalid({ version, invalidAtOrBelow }: Planned): boolean {
  return version !== null && invalidAtOrBelow !== null && isAtOrBelow(version, invalidAtOrBelow);
}

/** Undefined: nothing that may be answered with is stored. */
export function fetchedAtOf(planned: Planned): number | undefined {
  return isInvalid(planned) ? undefined : planned.requestedAt;
}

export function whenDue(planned: Planned, leadMs: number): number {
  const dueMs = dueAt({ fetchedAtMs: fetchedAtOf(planned), maxAgeMs: planned.maxAgeMs, leadMs });
  return Math.max(dueMs, planned.notBeforeMs);
}

const FIRST_BACK_OFF_MS = 1_000;

/** After the n-th failure in a row; a resource that fails is tried no more often than one that does not. */
export function backOffMs({ failures, maxAgeMs }: Planned): number {
  return Math.min(maxAgeMs, FIRST_BACK_OFF_MS * 2 ** Math.min(failures, 30));
}
