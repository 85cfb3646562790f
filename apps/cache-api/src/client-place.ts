import { keyOf, partitionOf, SHARED_PARTITION, urlHashOf, urlOf, variantOf, withoutCredentials } from '#core';
import type { Fields } from '#core';
import type { ResourceRef } from '#contracts';
import type { ClientCall } from './client-call.js';
import type { Place } from './entries.service.js';
import type { HeldEntry } from './entry-map.js';

/** Where the answer to this call is kept, if it is. */
export interface ClientPlace extends Place {
  readonly url: string;
  /** By which a variant is chosen: never by credentials, the partition tells those apart. */
  readonly choosing: Fields;
}

export function placeOfCall({ upstream, path, fields }: ClientCall): ClientPlace {
  const { baseUrl, credentials, cache } = upstream.config;
  const url = urlOf(baseUrl, path);
  const mark = path.indexOf('?');
  const partition =
    credentials === undefined
      ? partitionOf({
          fields,
          query: mark === -1 ? '' : path.slice(mark),
          rule: cache.credentialFields,
          credentialQuery: cache.credentialQuery,
          hmacKey: upstream.partitionKey,
        })
      : SHARED_PARTITION;
  return {
    id: `${upstream.id}\n${partition}\n${url}`,
    url,
    urlHash: urlHashOf(upstream.id, url),
    partition,
    choosing: withoutCredentials(fields, cache.credentialFields),
  };
}

/** The variant is known only from an answer that names its Vary fields. */
export function refOf(call: ClientCall, place: ClientPlace, known: HeldEntry | undefined): ResourceRef {
  const vary = known?.entry.vary ?? [];
  const variant = variantOf(vary, place.choosing);
  const upstream = call.upstream.id;
  const { url, urlHash, partition } = place;
  return { upstream, path: call.path, urlHash, partition, variant, key: keyOf({ upstream, url, partition, variant }) };
}
