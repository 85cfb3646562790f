import { between, type RfcCase } from '../case.js';
import { ASKED, by, maxAge, ours, says, sentence, STORED, storedWith } from '../exchanges.js';
import { at } from '../times.js';

const age = sentence('RFC 9111 5.1', 'The Age field value is a non-negative integer, representing time in seconds');
const ageList = sentence(
  'RFC 9111 5.1',
  'a cache encountering a message with a list-based Age field value SHOULD use the first member of the field value, discarding subsequent ones.',
);
const ageInvalid = sentence(
  'RFC 9111 5.1',
  'If the field value (after discarding additional members, as per above) is invalid (e.g., it contains something other than a non-negative integer), a cache SHOULD ignore the field.',
);
const expires = sentence(
  'RFC 9111 5.3',
  'A cache recipient MUST interpret invalid date formats, especially the value "0", as representing a time in the past (i.e., "already expired").',
);
const byMaxAge = sentence(
  'RFC 9111 5.3',
  'If a response includes a Cache-Control header field with the max-age directive (...), a recipient MUST ignore the Expires header field.',
);
const bySharedMaxAge = sentence(
  'RFC 9111 5.3',
  'if a response includes the s-maxage directive (...), a shared cache recipient MUST ignore the Expires header field.',
);
const pragma = sentence(
  'RFC 9111 5.4',
  'Because the meaning of "Pragma: no-cache" in responses was never specified, it does not provide a reliable replacement for "Cache-Control: no-cache" in them.',
);

const INVALID_AGES = ['abc', '-5', '5.5', '', '"30"', '30s'];
const INVALID_DATES = [
  '0',
  '-1',
  'now',
  '',
  '1893456000',
  'Thu, 32 Dec 2199 16:00:00 GMT',
  'Thu, 01 Foo 2199 16:00:00 GMT',
  'Thu, 01 Dec 2199 25:00:00 GMT',
  '2199-12-01T16:00:00Z',
  'Thu 01 Dec 2199 16:00:00 GMT',
];

export const cases: readonly RfcCase[] = [
  age('one that is above the lifetime', says({ ...maxAge(60), Age: '61' }), ASKED),
  age('it is told on', says({ ...maxAge(60), Age: '12' }), storedWith({ Age: between(12, 15) })),
  age('a large one', says({ ...maxAge(60), Age: '99999999999' }), ASKED),
  age('0', says({ ...maxAge(60), Age: '0' }), storedWith({ Age: between(0, 2) })),
  ageList('in a list', says({ ...maxAge(60), Age: '10, 90' }), storedWith({ Age: between(10, 13) })),
  ageList('on two lines', says({ ...maxAge(60), Age: ['10', '90'] }), storedWith({ Age: between(10, 13) })),
  ageList('the first is above the lifetime', says({ ...maxAge(60), Age: '90, 10' }), ASKED),
  ...INVALID_AGES.map((value) =>
    ageInvalid(`"${value}"`, says({ ...maxAge(60), Age: value }), storedWith({ Age: between(0, 2) })),
  ),
  ...INVALID_DATES.map((value) => expires(`"${value}"`, says({ Expires: value }), ASKED)),
  expires('it is told on as it came', says({ ...maxAge(60), Expires: '0' }), storedWith({ Expires: '0' })),
  byMaxAge('it is past', says({ ...maxAge(60), Expires: at(-60) }), STORED),
  byMaxAge('it is to come', says({ ...maxAge(5), Age: '10', Expires: at(60) }), ASKED),
  bySharedMaxAge('it is past', says({ 'Cache-Control': 's-maxage=60', Expires: at(-60) }), STORED),
  bySharedMaxAge('it is to come', says({ 'Cache-Control': 's-maxage=5', Age: '10', Expires: at(60) }), ASKED),
  pragma('a response that has it beside max-age', says({ ...maxAge(60), Pragma: 'no-cache' }), STORED),
  ours(pragma('of a client, beside others', says(maxAge(60)), by({ Pragma: 'x-a, no-cache' }, ASKED))),
];
