import {
  withOneForwardLess,
  withoutCredentials,
  withoutFields,
  withoutPreconditions,
  withUpstreamTags,
  withVia,
} from '#core';
import type { Fields } from '#core';
import type { ClientCall } from './client-call.js';

/** Set anew for the upstream by whoever sends, or meant for us. */
const NOT_FORWARDED = new Set(['host', 'content-length', 'expect', 'proxy-authorization', 'prefer']);
const CODINGS = new Set(['accept-encoding']);
const RECEIVED_BY = 'penstock';

/**
 * What the upstream is asked with. The answer to a read is to be whole, and in a coding that whoever sends it chooses: conditions, ranges
 * and codings of the client are judged here and not there.
 */
export function forwardedFields(call: ClientCall, kind: 'read' | 'as-it-is'): Fields {
  const own = withoutFields(call.fields, NOT_FORWARDED);
  const { credentials, cache } = call.upstream.config;
  const without = credentials === undefined ? own : withoutCredentials(own, cache.credentialFields);
  const asked = kind === 'read' ? withoutFields(withoutPreconditions(without), CODINGS) : withUpstreamTags(without);
  const counted = call.method === 'OPTIONS' ? withOneForwardLess(asked) : asked;
  return withVia(counted, call.receivedVersion, call.upstream.viaName);
}

export function answeredVia(fields: Fields): Fields {
  return withVia(fields, '1.1', RECEIVED_BY);
}
