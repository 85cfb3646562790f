import type { ListConfig, TogetherConfig } from './penstock-config.js';
import { SINCE_FORMATS } from './penstock-config.js';
import { duration, integer, listOf, mapping, matching, oneOf, parsed, pointer, timerAboveZero } from './readers.js';
import type { Reader, Reading, Spot } from './reading.js';
import { DURATION_EXPECTED, formatDuration } from './units.js';

/** Each stands in one message, and all ids in one request line. */
const MOST_TOGETHER = 200;
/** A reminder of which nothing is heard for long is taken for lost. */
const LONGEST_GATHER_MS = 10_000;
const MAX_CALLS = 1_000_000_000;

const ABSENT = { most: 50, separator: ',', items: '', id: '/id', gatherMs: 1_000, overlapMs: 5_000 } as const;

/** A request target (RFC 9112 section 3.2.1: visible ASCII, no fragment) that has one place to be filled in. */
function template(place: string, example: string): { read: Reader<string>; expected: string } {
  const expected = `a path with ${place} in it once, such as "${example}"`;
  const isTemplate = (text: string): boolean => {
    const parts = text.split(place);
    return parts.length === 2 && /^\/[\x21\x22\x24-\x7e]*$/.test(text) && !/[{}]/.test(parts.join(''));
  };
  return { read: parsed(expected, (text) => (isTemplate(text) ? text : undefined)), expected };
}

const path = template('{id}', '/items/{id}');
const jointCall = template('{ids}', '/items?ids={ids}');
const listCall = template('{since}', '/items?updated_since={since}');
const separator = matching('1 to 32 characters of a URL, such as "," or "&id="', /^[\x21\x22\x24-\x7e]{1,32}$/);
const cost = integer(1, MAX_CALLS);

const gather: Reader<number> = (spot, reading) => {
  const gatherMs = duration(spot, reading);
  const isTooLong = gatherMs !== undefined && gatherMs > LONGEST_GATHER_MS;
  return isTooLong ? reading.refuse(spot, `${formatDuration(LONGEST_GATHER_MS)} or less`) : gatherMs;
};

const togetherRule = mapping<TogetherConfig>((section) => ({
  match: section.required('match', path.read, { expected: path.expected, stopgap: '' }),
  call: section.required('call', jointCall.read, { expected: jointCall.expected, stopgap: '' }),
  most: section.field('most', integer(2, MOST_TOGETHER), ABSENT.most),
  separator: section.field('separator', separator, ABSENT.separator),
  items: section.field('items', pointer, ABSENT.items),
  id: section.field('id', pointer, ABSENT.id),
  cost: section.optional('cost', cost),
  gatherMs: section.field('gather', gather, ABSENT.gatherMs),
}));

const CHANGED_AT_EXPECTED = 'a JSON pointer such as /updated_at';

const listRule = mapping<ListConfig>((section) => ({
  call: section.required('call', listCall.read, { expected: listCall.expected, stopgap: '' }),
  everyMs: section.required('every', timerAboveZero, { expected: DURATION_EXPECTED, stopgap: 1 }),
  items: section.field('items', pointer, ABSENT.items),
  path: section.required('path', path.read, { expected: path.expected, stopgap: '' }),
  id: section.field('id', pointer, ABSENT.id),
  changedAt: section.required('changedAt', pointer, { expected: CHANGED_AT_EXPECTED, stopgap: '' }),
  next: section.optional('next', pointer),
  sinceFormat: section.field('sinceFormat', oneOf(SINCE_FORMATS), 'iso'),
  overlapMs: section.field('overlap', duration, ABSENT.overlapMs),
  contains: section.field('contains', oneOf(['signal', 'content']), 'signal'),
  cost: section.optional('cost', cost),
}));

export const together: Reader<readonly TogetherConfig[]> = each(togetherRule, ({ match }) => match, 'match');
export const lists: Reader<readonly ListConfig[]> = each(listRule, ({ call }) => call, 'call');

/** By its `match`, or its `call`, a rule is named in messages and in the store. */
function each<Rule>(rule: Reader<Rule>, nameOf: (rule: Rule) => string, key: string): Reader<readonly Rule[]> {
  return (spot, reading) => {
    const found = listOf(rule)(spot, reading);
    const names = found?.map(nameOf) ?? [];
    for (const [index, name] of names.entries())
      if (name !== '' && names.indexOf(name) < index) refuseSecond(name, key, { spot, reading });
    return found;
  };
}

function refuseSecond(name: string, key: string, { spot, reading }: { spot: Spot; reading: Reading }): void {
  reading.refuse(spot, `entries whose "${key}" differs`, {
    found: `two with ${JSON.stringify(name.split('?', 1)[0])}`,
  });
}
