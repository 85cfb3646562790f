import { parseDictionary, Token, type BareItem } from 'structured-headers';
import { directivesFrom, type Directives, type Said } from './cache-control.js';
import { fieldValue, type Fields } from './fields.js';
import { sfString } from './structured-field.js';

/**
 * RFC 9213 2.2: "A target list is an ordered list of the targeted field names that it uses for caching policy, with the order reflecting
 * priority from most applicable to least."
 */
const TARGETS = ['penstock-cache-control', 'cdn-cache-control'];

/**
 * RFC 9213 2.2: "the cache MUST select the first (in target-list order) field with a valid, non-empty value and use its value to
 * determine the caching policy for the response, and it MUST ignore the Cache-Control and Expires header fields in that response, unless
 * no valid, non-empty value is available from the listed header fields."
 */
export function targetedDirectives(responseFields: Fields): Directives | undefined {
  for (const target of TARGETS) {
    const value = fieldValue(responseFields, target);
    const directives = value === undefined ? undefined : parsedOf(value);
    if (directives !== undefined) return directives;
  }
  return undefined;
}

/** An API says the same few values in all its answers. */
const MOST_PARSED = 256;
const LONGEST_REMEMBERED = 256;
const parsed = new Map<string, Directives | undefined>();

function parsedOf(value: string): Directives | undefined {
  if (value.length > LONGEST_REMEMBERED) return parseOnce(value);
  if (parsed.has(value)) return parsed.get(value);
  if (parsed.size >= MOST_PARSED) parsed.clear();
  const directives = parseOnce(value);
  parsed.set(value, directives);
  return directives;
}

/**
 * RFC 9213 2.1: "If a targeted field in a given response is empty, or a parsing error is encountered, that field MUST be ignored by the
 * cache". "Parameters received on cache directives are to be ignored".
 */
function parseOnce(value: string): Directives | undefined {
  const members = membersIn(value);
  if (members === undefined || members.length === 0) return undefined;
  return Object.freeze(directivesFrom(members.flatMap(saidBy), true));
}

function membersIn(value: string): [string, unknown][] | undefined {
  try {
    return [...parseDictionary(value)].map(([name, [item]]) => [name, item]);
  } catch {
    return undefined;
  }
}

/** These have an integer as their argument. */
const NUMBERS: ReadonlySet<string> = new Set(['max-age', 's-maxage', 'stale-while-revalidate', 'stale-if-error']);
/** Read by no directive as a number: what freshness it gives is none (RFC 9111 4.2.1). */
const UNREADABLE = '""';

/** RFC 9213 2.1: "Implementations SHOULD NOT consume values that violate these inferred constraints." */
function saidBy([name, item]: [string, unknown]): Said[] {
  if (item === false) return [];
  if (NUMBERS.has(name)) return [{ name, value: Number.isInteger(item) ? String(item) : UNREADABLE }];
  return [{ name, value: textOf(item as BareItem) }];
}

function textOf(item: BareItem): string | undefined {
  if (item instanceof Token) return item.toString();
  return typeof item === 'string' ? sfString(item) : undefined;
}
