import { hash } from 'node:crypto';
import { fieldValue, type Fields } from './fields.js';
import { membersOf } from './list-members.js';

/** By which request fields an answer was chosen. */
export type Vary =
  | { readonly kind: 'names'; /** Lower case, sorted, each once. */ readonly names: readonly string[] }
  /** RFC 9111 4.1: "A stored response with a Vary header field value containing a member "*" always fails to match." */
  | { readonly kind: 'any' };

/**
 * RFC 9111 4.1 compares with the fields "in the original request (i.e., the request that caused the cached response to be stored)". All
 * that may be stored is asked for with one Accept-Encoding, ours, so by that field every request matches every other.
 */
const ASKED_ALIKE = 'accept-encoding';

export function varyNamesOf(responseFields: Fields): Vary {
  const names = membersOf((fieldValue(responseFields, 'vary') ?? '').toLowerCase());
  if (names.includes('*')) return { kind: 'any' };
  return { kind: 'names', names: [...new Set(names)].filter((name) => name !== ASKED_ALIKE).sort() };
}

const VARIANT_DIGITS = 16;

/** Names the variant that these request fields select; empty when an answer does not vary. */
export function variantOf(names: readonly string[], requestFields: Fields): string {
  if (names.length === 0) return '';
  const selecting = names.map((name) => [name, normalValue(name, fieldValue(requestFields, name))]);
  return hash('sha256', JSON.stringify(selecting)).slice(0, VARIANT_DIGITS);
}

/**
 * RFC 9111 4.1: fields match when they can be made the same by "adding or removing whitespace, where allowed in the header field's
 * syntax", by "combining multiple header field lines", or by "normalizing both header field values in a way that is known to have
 * identical semantics". Null: "If (after any normalization that might take place) a header field is absent from a request, it can
 * only match another request if it is also absent there."
 */
function normalValue(name: string, value: string | undefined): string | null {
  if (value === undefined) return null;
  const members = membersOf(value);
  // RFC 9110 8.4.1, 12.5.3: codings are case-insensitive, and ranked by weight only.
  if (name === 'accept-encoding')
    return members
      .map((member) => member.toLowerCase().replaceAll(/[ \t]/g, ''))
      .sort()
      .join();
  return members.join();
}
