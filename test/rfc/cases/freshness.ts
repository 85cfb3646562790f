import { between, type RfcCase } from '../case.js';
import { ASKED, asking, by, maxAge, ours, says, sentence, STORED, storedWith, validated } from '../exchanges.js';
import { at, at850, atAsctime } from '../times.js';

const fresh = sentence('RFC 9111 4.2', 'response_is_fresh = (freshness_lifetime > current_age)');
const anyCase = sentence(
  'RFC 9111 4.2',
  'Although all date formats are specified to be case-sensitive, a cache recipient SHOULD match the field value case-insensitively.',
);
const zone = sentence(
  'RFC 9111 4.2',
  'A cache recipient SHOULD consider a date with a zone abbreviation other than "GMT" to be invalid for calculating expiration.',
);
const shared = sentence(
  'RFC 9111 4.2.1',
  'If the cache is shared and the s-maxage response directive (...) is present, use its value',
);
const byMaxAge = sentence('RFC 9111 4.2.1', 'If the max-age response directive (...) is present, use its value');
const byExpires = sentence(
  'RFC 9111 4.2.1',
  'If the Expires response header field (...) is present, use its value minus the value of the Date response header field (using the time the message was received if it is not present',
);
const twice = sentence(
  'RFC 9111 4.2.1',
  'When there is more than one value present for a given directive (...), either the first occurrence should be used or the response should be considered stale.',
);
const conflict = sentence(
  'RFC 9111 4.2.1',
  'If directives conflict (e.g., both max-age and no-cache are present), the most restrictive directive should be honored.',
);
const invalid = sentence(
  'RFC 9111 4.2.1',
  'Caches are encouraged to consider responses that have invalid freshness information (e.g., a max-age directive with non-integer content) to be stale.',
);
const explicit = sentence(
  'RFC 9111 4.2.2',
  'A cache MUST NOT use heuristics to determine freshness when an explicit expiration time is present in the stored response.',
);
const marked = sentence(
  'RFC 9111 4.2.2',
  'heuristics can only be used on responses without explicit freshness whose status codes are defined as heuristically cacheable (...) and on responses without explicit freshness that have been marked as explicitly cacheable',
);
const fraction = sentence(
  'RFC 9111 4.2.2',
  'If the response has a Last-Modified header field (...), caches are encouraged to use a heuristic expiration value that is no more than some fraction of the interval since that time.',
);
const apparent = sentence('RFC 9111 4.2.3', 'apparent_age = max(0, response_time - date_value);');
const delayed = sentence(
  'RFC 9111 4.2.3',
  'A cache MUST interpret this value relative to the time the request was initiated, not the time that the response was received.',
);
const corrected = sentence('RFC 9111 4.2.3', 'corrected_initial_age = max(apparent_age, corrected_age_value);');
const prohibited = sentence(
  'RFC 9111 4.2.4',
  'A cache MUST NOT generate a stale response if it is prohibited by an explicit in-protocol directive',
);
const permitted = sentence(
  'RFC 9111 4.2.4',
  'A cache MUST NOT generate a stale response unless it is disconnected or doing so is explicitly permitted by the client or origin server',
);

const LONG_AGO = { 'Last-Modified': at(-8_640_000) };
const INVALID = ['abc', '1.5', '-1', '', '60s', '1e3', '0x3c', '6 0'];

export const cases: readonly RfcCase[] = [
  fresh('an age below it', says({ ...maxAge(60), Age: '50' }), STORED),
  fresh('an age equal to it', says({ ...maxAge(60), Age: '60' }), ASKED),
  fresh('an age above it', says({ ...maxAge(60), Age: '61' }), ASKED),
  fresh('a lifetime of nothing', says(maxAge(0)), ASKED),
  anyCase('Expires in lower case', says({ Expires: lowercase(60) }), STORED),
  zone('EST', says({ Expires: zoned('EST') }), ASKED),
  zone('UTC', says({ Expires: zoned('UTC') }), ASKED),
  zone('an offset', says({ Expires: zoned('+0000') }), ASKED),
  shared('it is longer than max-age', says({ 'Cache-Control': 'max-age=0, s-maxage=60' }), STORED),
  shared('it is shorter than max-age', says({ 'Cache-Control': 's-maxage=0, max-age=60' }), ASKED),
  shared('it is shorter than Expires', says({ 'Cache-Control': 's-maxage=0', Expires: at(60) }), ASKED),
  byMaxAge('it is longer than Expires', says({ ...maxAge(60), Expires: at(-60) }), STORED),
  byMaxAge('it is shorter than Expires', says({ ...maxAge(0), Expires: at(60) }), ASKED),
  byMaxAge('beside an Expires that is none', says({ ...maxAge(60), Expires: '0' }), STORED),
  byExpires('to come', says({ Expires: at(60) }), STORED),
  byExpires('past', says({ Expires: at(-60) }), ASKED),
  byExpires('now', says({ Expires: at(0) }), ASKED),
  byExpires('of an upstream whose clock is ahead', says({ Date: at(1000), Expires: at(1060) }), STORED),
  byExpires('of an upstream whose clock is ahead, past', says({ Date: at(1000), Expires: at(940) }), ASKED),
  byExpires('without Date', says({ Date: [], Expires: at(60) }), STORED),
  byExpires('without Date, past', says({ Date: [], Expires: at(-5) }), ASKED),
  byExpires('an Age above it', says({ Expires: at(60), Age: '90' }), ASKED),
  byExpires('in the format of RFC 850', says({ Expires: at850(3600) }), STORED),
  byExpires('in the format of asctime', says({ Expires: atAsctime(3600) }), STORED),
  byExpires('in the format of RFC 850, past', says({ Expires: at850(-3600) }), ASKED),
  twice('max-age, the first is 0', says({ 'Cache-Control': 'max-age=0, max-age=60' }), ASKED),
  twice('max-age, on two lines', says({ 'Cache-Control': ['max-age=0', 'max-age=60'] }), ASKED),
  twice('max-age, twice the same', says({ 'Cache-Control': 'max-age=60, max-age=60' }), STORED),
  twice('s-maxage, the first is 0', says({ 'Cache-Control': 's-maxage=0, s-maxage=60' }), ASKED),
  twice('Expires, the first is past', says({ Expires: [at(-60), at(60)] }), ASKED),
  conflict('max-age and no-cache', says({ 'Cache-Control': 'max-age=60, no-cache' }), ASKED),
  conflict('no-cache and s-maxage', says({ 'Cache-Control': 'no-cache, s-maxage=60' }), ASKED),
  conflict('public and no-store', says({ 'Cache-Control': 'public, max-age=60, no-store' }), ASKED),
  conflict('public and private', says({ 'Cache-Control': 'public, private, max-age=60' }), ASKED),
  conflict('on two lines', says({ 'Cache-Control': ['max-age=60', 'no-store'] }), ASKED),
  ...INVALID.map((value) => invalid(`max-age=${value}`, says({ 'Cache-Control': `max-age=${value}` }), ASKED)),
  invalid('max-age without a value', says({ 'Cache-Control': 'max-age' }), ASKED),
  invalid('max-age=abc beside an Expires to come', says({ 'Cache-Control': 'max-age=abc', Expires: at(60) }), ASKED),
  invalid('s-maxage=abc beside a max-age', says({ 'Cache-Control': 's-maxage=abc, max-age=60' }), ASKED),
  explicit('max-age=0', says({ ...LONG_AGO, ...maxAge(0) }), ASKED),
  explicit('s-maxage=0', says({ ...LONG_AGO, 'Cache-Control': 's-maxage=0' }), ASKED),
  explicit('Expires, past', says({ ...LONG_AGO, Expires: at(-60) }), ASKED),
  explicit('Expires: 0', says({ ...LONG_AGO, Expires: '0' }), ASKED),
  marked('public', says({ ...LONG_AGO, 'Cache-Control': 'public' }, { status: 307 }), STORED),
  marked('not public', says({ ...LONG_AGO, 'Cache-Control': 'no-transform' }, { status: 307 }), ASKED),
  marked('a query does not forbid it', asking({ path: '?q' }, says(LONG_AGO)), asking({ path: '?q' }, STORED)),
  ours(fraction('below a tenth', says({ 'Last-Modified': at(-1000), Age: '50' }), STORED)),
  fraction('above it', says({ 'Last-Modified': at(-100), Age: '100' }), ASKED),
  fraction('Last-Modified to come', says({ 'Last-Modified': at(100) }), ASKED),
  apparent('half a minute', says({ ...maxAge(60), Date: at(-30) }), storedWith({ Age: between(29, 33) })),
  apparent('above the lifetime', says({ ...maxAge(60), Date: at(-90) }), ASKED),
  apparent(
    'a Date to come makes nothing younger',
    says({ ...maxAge(60), Date: at(90) }),
    storedWith({ Age: between(0, 2) }),
  ),
  ours(
    delayed(
      'an answer that took more than a second',
      says({ ...maxAge(60), Age: '10' }, { afterMs: 1_100 }),
      storedWith({ Age: between(11, 14) }),
    ),
  ),
  corrected('Age is greater', says({ ...maxAge(60), Age: '40', Date: at(-20) }), storedWith({ Age: between(40, 43) })),
  corrected('Date is older', says({ ...maxAge(60), Age: '20', Date: at(-40) }), storedWith({ Age: between(39, 43) })),
  ...['must-revalidate', 'proxy-revalidate', 'no-cache', 's-maxage=5'].map((directive) =>
    prohibited(
      `${directive}, and the upstream fails`,
      says({ 'Cache-Control': `max-age=5, stale-if-error=600, ${directive}`, Age: '10' }),
      { answer: { breaksOff: 'at-once' }, expect: { from: 'failure', status: 502 } },
    ),
  ),
  ...['must-revalidate', 'proxy-revalidate', 's-maxage=5'].map((directive) =>
    prohibited(
      `${directive}, and the client would take it`,
      says({ 'Cache-Control': `max-age=5, ${directive}`, Age: '10' }),
      by({ 'Cache-Control': 'max-stale=600' }, ASKED),
    ),
  ),
  permitted('by nobody', says({ ...maxAge(5), Age: '10' }), ASKED),
  permitted('by nobody, and the upstream fails', says({ ...maxAge(5), Age: '10' }), says({}, { status: 500 })),
  permitted(
    'by nobody, and it is validated',
    says({ ...maxAge(5), Age: '10', ETag: '"1"' }),
    validated(maxAge(60)),
    STORED,
  ),
];

function lowercase(seconds: number): ReturnType<typeof at> {
  return (sending) => textOf(at(seconds), sending).toLowerCase();
}

function zoned(zone: string): ReturnType<typeof at> {
  return (sending) => textOf(at(86_400), sending).replace('GMT', zone);
}

function textOf(value: ReturnType<typeof at>, sending: { nowMs: number; path: string }): string {
  return typeof value === 'string' ? value : value(sending);
}
