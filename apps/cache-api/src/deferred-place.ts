import { keyOf, variantOf, withoutFields } from '#core';
import type { Fields } from '#core';
import type { ResourceRef } from '#contracts';

/** Where a deferred call waits to be fetched. Its id says so, and has a part that nobody can guess. */
export interface DeferredPlace {
  readonly upstream: string;
  readonly bucket: string;
  /** Stands for the key: see `tokenOf`. */
  readonly token: string;
  readonly id: string;
}

export function deferredPlace(upstream: string, bucket: string, token: string, chance: string): DeferredPlace {
  return { upstream, bucket, token, id: [upstream, bucket, token, chance].join('.') };
}

/** They change with each call, and no answer depends on them. */
const TRACING = new Set(['traceparent', 'tracestate', 'baggage', 'via']);

/**
 * Which fields choose the variant nobody knows before the answer: whoever asks with other fields might be given another one's variant, so
 * that all of them tell one pending call from another.
 */
export function tokenOf({ upstream, urlHash, partition }: ResourceRef, fields: Fields): string {
  const choosing = withoutFields(fields, TRACING);
  const names = [...new Set(choosing.map(([name]) => name.toLowerCase()))].sort();
  return keyOf({ upstream, url: urlHash, partition, variant: variantOf(names, choosing) });
}

const ANSWERS = '/.penstock/answers/';
const JOINED = '?joined';
const ID = /^([a-z0-9-]{1,32})\.([a-z0-9-]{1,32})\.([0-9a-f]{32})\.([0-9a-f-]{36})$/;

/** `joined`: for one who was given the id of another's call. */
export function locationOf({ id }: DeferredPlace, joined: boolean): string {
  return `${ANSWERS}${id}${joined ? JOINED : ''}`;
}

/** Of a path that begins with `/.penstock/`; undefined: it is none of ours. */
export function askedFor(path: string): { readonly place: DeferredPlace; readonly joined: boolean } | undefined {
  if (!path.startsWith(ANSWERS)) return undefined;
  const [id = '', query] = path.slice(ANSWERS.length).split('?', 2);
  const place = placeOfId(id);
  return place === undefined ? undefined : { place, joined: query === JOINED.slice(1) };
}

export function placeOfId(id: string): DeferredPlace | undefined {
  const [, upstream, bucket, token, chance] = ID.exec(id) ?? [];
  if (upstream === undefined || bucket === undefined || token === undefined || chance === undefined) return undefined;
  return deferredPlace(upstream, bucket, token, chance);
}
