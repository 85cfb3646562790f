import { fieldValue, parseHttpDate, SHARED_PARTITION } from '#core';
import type { Entry, Lane } from '#core';
import type { EventPayloads, ResourceRef } from '#contracts';
import type { Flight, Order } from './flight.js';

export interface FetchFacts extends ResourceRef {
  readonly lane: Lane;
  readonly attempts: number;
  readonly throttles: number;
}

export function factsOf(ref: ResourceRef, lane: Lane, flight: Flight | undefined): FetchFacts {
  const { upstream, path, key, urlHash, partition, variant } = ref;
  return {
    upstream,
    path,
    key,
    urlHash,
    partition,
    variant,
    lane,
    attempts: flight?.attempts ?? 0,
    throttles: flight?.throttles ?? 0,
  };
}

export function answeredFactsOf(
  ref: ResourceRef,
  lane: Lane,
  flight: Flight | undefined,
  answer: Pick<EventPayloads['fetch.answered'], 'status' | 'version' | 'durationMs'>,
): EventPayloads['fetch.answered'] {
  // Assigned, not spread: Node 20 takes microseconds for each property that follows a spread, and this is made for every refresh.
  const { status, version, durationMs } = answer;
  const facts = Object.assign(factsOf(ref, lane, flight), { status, version, durationMs });
  const cost = flight === undefined ? 1 : costEach(flight);
  return cost === 1 ? facts : Object.assign(facts, { cost });
}

/** Calls' worth of one of the resources that a flight was to bring. */
export function costEach({ charged, order }: Flight): number {
  return order.joint === undefined ? charged : charged / order.joint.askers.length;
}

/** What is told of an order: without what is a credential in its query. */
export function shownOf({ upstream, shownPath, key, urlHash, partition, variant }: Order): ResourceRef {
  return { upstream, path: shownPath, key, urlHash, partition, variant };
}

/** Of work that could not be read nothing is known but what its subject says. */
export function factsOfUnread({ upstream, key }: Pick<ResourceRef, 'upstream' | 'key'>, lane: Lane): FetchFacts {
  const unknown = { path: '', urlHash: '', partition: SHARED_PARTITION, variant: '' };
  return { upstream, key, ...unknown, lane, attempts: 0, throttles: 0 };
}

export function storedFactsOf(
  entry: Entry,
  { changed, intervalMs }: Pick<EventPayloads['entry.stored'], 'changed' | 'intervalMs'>,
): EventPayloads['entry.stored'] {
  // No spreads: Node 20 takes microseconds for each property that follows one, and this is made for every refresh.
  return {
    upstream: entry.upstream,
    path: entry.path,
    key: entry.key,
    urlHash: entry.urlHash,
    partition: entry.partition,
    variant: entry.variant,
    version: entry.version,
    status: entry.status,
    changed,
    intervalMs,
    unchangedForMs: unchangedForMs(entry),
    requestedAt: entry.requestedAt,
    receivedAt: entry.receivedAt,
    lifetimeMs: entry.lifetimeMs,
    bodyHash: entry.bodyHash,
    bodyBytes: entry.bodyBytes,
  };
}

/** Both times by the upstream's own clock: what ours says does not matter. */
function unchangedForMs({ lastModified, fields }: Entry): number | null {
  if (lastModified === undefined) return null;
  const changedAt = parseHttpDate(lastModified);
  const saidAt = parseHttpDate(fieldValue(fields, 'date'));
  return changedAt === undefined || saidAt === undefined ? null : Math.max(0, saidAt - changedAt);
}
