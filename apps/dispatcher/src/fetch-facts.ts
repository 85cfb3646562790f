import type { Entry, Lane } from '#core';
import type { EventPayloads, ResourceRef } from '#contracts';
import type { Flight } from './flight.js';

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

export function storedFactsOf(entry: Entry, changed: boolean): EventPayloads['entry.stored'] {
  const { upstream, path, key, urlHash, partition, variant, version, status } = entry;
  const { requestedAt, receivedAt, lifetimeMs, bodyHash, bodyBytes } = entry;
  return {
    ...{ upstream, path, key, urlHash, partition, variant, version, status, changed },
    ...{ requestedAt, receivedAt, lifetimeMs, bodyHash, bodyBytes },
  };
}
