import type { RfcCase } from '../case.js';
import { ASKED, by, expecting, maxAge, refused, says, sentence, STORED, validated } from '../exchanges.js';

const passed = sentence(
  'RFC 9111 5.2',
  'A proxy, whether or not it implements a cache, MUST pass cache directives through in forwarded messages',
);
const anyCase = sentence(
  'RFC 9111 5.2',
  'Cache directives are identified by a token, to be compared case-insensitively, and have an optional argument that can use both token and quoted-string syntax.',
);
const younger = sentence(
  'RFC 9111 5.2.1.1',
  'The max-age request directive indicates that the client prefers a response whose age is less than or equal to the specified number of seconds.',
);
const notStale = sentence(
  'RFC 9111 5.2.1.1',
  'Unless the max-stale request directive is also present, the client does not wish to receive a stale response.',
);
const maxStale = sentence(
  'RFC 9111 5.2.1.2',
  'If a value is present, then the client is willing to accept a response that has exceeded its freshness lifetime by no more than the specified number of seconds.',
);
const anyStale = sentence(
  'RFC 9111 5.2.1.2',
  'If no value is assigned to max-stale, then the client will accept a stale response of any age.',
);
const minFresh = sentence(
  'RFC 9111 5.2.1.3',
  'the client wants a response that will still be fresh for at least the specified number of seconds.',
);
const noCache = sentence(
  'RFC 9111 5.2.1.4',
  'The no-cache request directive indicates that the client prefers a stored response not be used to satisfy the request without successful validation on the origin server.',
);
const noStore = sentence(
  'RFC 9111 5.2.1.5',
  'The no-store request directive indicates that a cache MUST NOT store any part of either this request or any response to it.',
);
const alreadyStored = sentence(
  'RFC 9111 5.2.1.5',
  'Note that if a request containing this directive is satisfied from a cache, the no-store request directive does not apply to the already stored response.',
);
const onlyIfCached = sentence(
  'RFC 9111 5.2.1.7',
  'respond with either a stored response consistent with the other constraints of the request or a 504 (Gateway Timeout) status code.',
);
const pragma = sentence(
  'RFC 9111 5.4',
  'The "Pragma" request header field was defined for HTTP/1.0 caches, so that clients could specify a "no-cache" request',
);

const OLD = { ...maxAge(60), Age: '30', ETag: '"1"' };
const STALE = { ...maxAge(5), Age: '20', ETag: '"1"' };
const cc = (value: string): { 'Cache-Control': string } => ({ 'Cache-Control': value });

export const cases: readonly RfcCase[] = [
  ...['no-cache', 'max-age=0', 'no-transform', 'x-unheard-of="a, b"', 'max-stale=5, min-fresh=3'].map((value) =>
    passed(`${value} in a request`, by(cc(value), expecting({ seen: { 'Cache-Control': value } }, says(maxAge(60))))),
  ),
  ...[
    'max-age=60, x-unheard-of="a, b"',
    'MAX-AGE=60',
    's-maxage=60, private="x"',
    'no-cache',
    'no-store, no-transform',
  ].map((value) => passed(`${value} in a response`, expecting({ fields: cc(value) }, says(cc(value))))),
  anyCase('No-Cache of a client', says(maxAge(60)), by(cc('No-Cache'), ASKED)),
  anyCase('ONLY-IF-CACHED of a client', by(cc('ONLY-IF-CACHED'), refused(504))),
  anyCase('max-age="20" of a client', says(OLD), by(cc('max-age="20"'), validated())),
  younger('it is older', says(OLD), by(cc('max-age=20'), validated())),
  younger('it is younger', says(OLD), by(cc('max-age=50'), STORED)),
  younger('0 is younger than anything', says({ ...maxAge(60), ETag: '"1"' }), by(cc('max-age=0'), validated())),
  younger('what it brought is stored', says(OLD), by(cc('max-age=20'), says(maxAge(60))), STORED),
  notStale(
    'max-age alone',
    says({ ...cc('max-age=5, stale-while-revalidate=600'), Age: '10', ETag: '"1"' }),
    by(cc('max-age=100'), validated()),
  ),
  notStale('with max-stale', says(STALE), by(cc('max-age=100, max-stale=100'), STORED)),
  notStale('with max-stale, and older than it wants', says(STALE), by(cc('max-age=10, max-stale=100'), validated())),
  maxStale('within it', says(STALE), by(cc('max-stale=600'), STORED)),
  maxStale('beyond it', says(STALE), by(cc('max-stale=10'), validated())),
  maxStale('a value that is none permits nothing', says(STALE), by(cc('max-stale=abc'), validated())),
  maxStale('it does not hold for the next request', says(STALE), by(cc('max-stale=600'), STORED), validated()),
  anyStale('max-stale alone', says({ ...maxAge(5), Age: '100000', ETag: '"1"' }), by(cc('max-stale'), STORED)),
  minFresh('it will', says(OLD), by(cc('min-fresh=20'), STORED)),
  minFresh('it will not', says(OLD), by(cc('min-fresh=40'), validated())),
  minFresh('nor with max-stale', says(OLD), by(cc('min-fresh=40, max-stale=600'), validated())),
  noCache('with a validator', says({ ...maxAge(60), ETag: '"1"' }), by(cc('no-cache'), validated())),
  noCache('without a validator', says(maxAge(60)), by(cc('no-cache'), ASKED)),
  noCache('beside max-stale', says({ ...maxAge(60), ETag: '"1"' }), by(cc('max-stale, no-cache'), validated())),
  noCache('what it brought answers the next', says(maxAge(60)), by(cc('no-cache'), says(maxAge(60))), STORED),
  noCache('on a second line', says(maxAge(60)), by({ 'Cache-Control': ['no-transform', 'no-cache'] }, ASKED)),
  noStore('the response', by(cc('no-store'), says(maxAge(60))), ASKED),
  noStore('with another directive', by(cc('no-store, max-age=60'), says(maxAge(60))), ASKED),
  noStore('nor after a validation', says(STALE), by(cc('no-store'), says({ ...maxAge(60), ETag: '"2"' })), ASKED),
  alreadyStored('it answers', says(maxAge(60)), by(cc('no-store'), STORED), STORED),
  onlyIfCached('nothing is stored', by(cc('only-if-cached'), refused(504))),
  onlyIfCached('something is', says(maxAge(60)), by(cc('only-if-cached'), STORED)),
  onlyIfCached('what is stored is stale', says(STALE), by(cc('only-if-cached'), refused(504))),
  onlyIfCached(
    'what is stored is stale, and that will do',
    says(STALE),
    by(cc('only-if-cached, max-stale=600'), STORED),
  ),
  onlyIfCached('with no-cache', says(maxAge(60)), by(cc('only-if-cached, no-cache'), refused(504))),
  onlyIfCached('what is stored is too old', says(OLD), by(cc('only-if-cached, max-age=10'), refused(504))),
  onlyIfCached(
    'another variant is stored',
    by({ 'X-Choice': 'a' }, says({ ...maxAge(60), Vary: 'X-Choice' })),
    by({ 'X-Choice': 'b', ...cc('only-if-cached') }, refused(504)),
  ),
  pragma('it still does', says({ ...maxAge(60), ETag: '"1"' }), by({ Pragma: 'no-cache' }, validated())),
  pragma('not beside Cache-Control', says(maxAge(60)), by({ Pragma: 'no-cache', ...cc('max-age=60') }, STORED)),
];
