import { keyOf, SHARED_PARTITION, urlHashOf, urlOf, withoutFields } from '#core';
import type { Fields } from '#core';
import { ASKED_CODINGS } from './body-coding.js';
import type { JointOrder, Order } from './flight.js';

const NOTHING = new Uint8Array(0);
const CODINGS: ReadonlySet<string> = new Set(['accept-encoding']);

interface OwnCall {
  readonly path: string;
  readonly fields: Fields;
  readonly cost: number | undefined;
  readonly joint?: JointOrder;
}

/** A call of Penstock's own, for what its answer holds: neither stored nor joined. */
export function ownOrder(
  { id: upstream, baseUrl }: { readonly id: string; readonly baseUrl: string },
  { path, fields, cost, joint }: OwnCall,
): Order {
  return {
    ...placeIn({ upstream, baseUrl, path }),
    method: 'GET',
    fields: [...withoutFields(fields, CODINGS), ASKED_CODINGS],
    ...{ validators: [], body: NOTHING, purpose: 'pass', mayStore: false, hasIdempotencyKey: false },
    ...{ joint, cost },
  };
}

/** What asks for one resource as a refresh of it does, where nothing of it is stored. */
export function elementOrder(
  { id: upstream, baseUrl }: { readonly id: string; readonly baseUrl: string },
  path: string,
): Order {
  return {
    ...placeIn({ upstream, baseUrl, path }),
    ...{ method: 'GET', fields: [], validators: [], body: NOTHING, purpose: 'read', mayStore: true },
    hasIdempotencyKey: false,
  };
}

function placeIn({
  upstream,
  baseUrl,
  path,
}: {
  upstream: string;
  baseUrl: string;
  path: string;
}): Pick<Order, 'upstream' | 'path' | 'shownPath' | 'key' | 'urlHash' | 'partition' | 'variant'> {
  const url = urlOf(baseUrl, path);
  const partition = SHARED_PARTITION;
  const key = keyOf({ upstream, url, partition, variant: '' });
  return { upstream, path, shownPath: path, key, urlHash: urlHashOf(upstream, url), partition, variant: '' };
}
