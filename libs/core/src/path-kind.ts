/** What stands where the paths of one kind differ. */
const VARIABLE = '{}';
const LONGEST_TEMPLATE = 200;

/**
 * The kind of a path: `/items/42?page=2` → `/items/{}?page={}`. Numbers, UUIDs, long hexadecimal and other opaque names are what differs,
 * and so are the values of a query. A guess by the look of each segment: one that is wrong costs a worse first expectation, no more.
 */
export function templateOf(path: string): string {
  const mark = path.indexOf('?');
  const place = mark === -1 ? path : path.slice(0, mark);
  const template = place.split('/').map(segmentOf).join('/') + (mark === -1 ? '' : queryOf(path.slice(mark + 1)));
  return template.length > LONGEST_TEMPLATE ? template.slice(0, LONGEST_TEMPLATE) : template;
}

/** Each name once: a list of a hundred `id=` is of the same kind as one of two. */
function queryOf(query: string): string {
  const names = query.split('&').map((pair) => {
    const equals = pair.indexOf('=');
    return equals === -1 ? segmentOf(pair) : `${pair.slice(0, equals)}=${VARIABLE}`;
  });
  return `?${names.filter((name, i) => name !== names[i - 1]).join('&')}`;
}

const VERSION = /^v\d{1,3}(\.\d+)*$/i;
/** Escaped characters, addresses and lists are no names that a program's author gave. */
const UNUSUAL = /[%@,;=()]/;

function segmentOf(segment: string): string {
  if (!hasDigit(segment)) return UNUSUAL.test(segment) ? VARIABLE : segment;
  if (VERSION.test(segment)) return segment;
  return UNUSUAL.test(segment) || segment.split(/[^0-9A-Za-z]+/).some(isOpaque) ? VARIABLE : segment;
}

function hasDigit(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) if (isDigit(text.charCodeAt(i))) return true;
  return false;
}

const HEX = /^[0-9a-f]{8,}$/i;
const LONG = 12;

/** A word of letters and digits that is a number rather than a name: `42`, `SKU123`, `9f86d081`, `NffrFeUfNV2Hib`; not `oauth2`. */
function isOpaque(word: string): boolean {
  let digits = 0;
  for (let i = 0; i < word.length; i += 1) if (isDigit(word.charCodeAt(i))) digits += 1;
  if (digits === 0) return false;
  return digits * 2 >= word.length || HEX.test(word) || word.length >= LONG;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
