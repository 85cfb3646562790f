import { membersOf } from './list-members.js';

/** RFC 9110 8.8.3.2, weak comparison: equal when the opaque tags match character by character, "regardless of either or both being tagged as weak". */
export function isWeakMatch(a: string, b: string): boolean {
  return opaqueTag(a) === opaqueTag(b);
}

/** RFC 9110 8.8.3.2, strong comparison: "equivalent if both are not weak and their opaque-tags match character-by-character". */
export function isStrongMatch(a: string, b: string): boolean {
  return a === b && a.startsWith('"');
}

/** RFC 9110 13.1.2: whether an If-None-Match list names this tag. */
export function listsTag(list: string, etag: string): boolean {
  const wanted = opaqueTag(etag);
  // The one tag that this client got from us is by far the most frequent list.
  return opaqueTag(list) === wanted || membersOf(list).some((member) => opaqueTag(member) === wanted);
}

function opaqueTag(etag: string): string {
  return etag.startsWith('W/') ? etag.slice(2) : etag;
}
