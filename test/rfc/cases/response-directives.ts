import type { Exchange, RfcCase } from '../case.js';
import { ASKED, by, expecting, maxAge, ours, says, sentence, STORED, storedWith, validated } from '../exchanges.js';
import { at } from '../times.js';

const anyCase = sentence(
  'RFC 9111 5.2',
  'Cache directives are identified by a token, to be compared case-insensitively, and have an optional argument that can use both token and quoted-string syntax.',
);
const maxAgeIs = sentence(
  'RFC 9111 5.2.2.1',
  'The max-age response directive indicates that the response is to be considered stale after its age is greater than the specified number of seconds.',
);
const mustRevalidate = sentence(
  'RFC 9111 5.2.2.2',
  'once the response has become stale, a cache MUST NOT reuse that response to satisfy another request until it has been successfully validated by the origin',
);
const disconnected = sentence(
  'RFC 9111 5.2.2.2',
  'if a cache is disconnected, the cache MUST generate an error response rather than reuse the stale response.',
);
const mustUnderstand = sentence(
  'RFC 9111 5.2.2.3',
  "the cache SHOULD ignore the no-store directive if it understands and implements the status code's caching requirements.",
);
const noCache = sentence(
  'RFC 9111 5.2.2.4',
  'the response MUST NOT be used to satisfy any other request without forwarding it for validation and receiving a successful response;',
);
const someFields = sentence(
  'RFC 9111 5.2.2.4',
  'a cache MAY use the response to satisfy a subsequent request, subject to any other restrictions on caching, if the listed header fields are excluded from the subsequent response',
);
const anyName = sentence('RFC 9111 5.2.2.4', 'Field names are case-insensitive.');
const noStore = sentence(
  'RFC 9111 5.2.2.5',
  'a cache MUST NOT store any part of either the immediate request or the response and MUST NOT use the response to satisfy any other request.',
);
const noTransform = sentence(
  'RFC 9111 5.2.2.6',
  'an intermediary (regardless of whether it implements a cache) MUST NOT transform the content',
);
const isPrivate = sentence('RFC 9111 5.2.2.7', 'a shared cache MUST NOT store the response');
const privateFields = sentence(
  'RFC 9111 5.2.2.7',
  'a shared cache MUST NOT store the listed header fields if they are present in the original response but MAY store the remainder of the response message without those header fields',
);
const proxyRevalidate = sentence(
  'RFC 9111 5.2.2.8',
  'once the response has become stale, a shared cache MUST NOT reuse that response to satisfy another request until it has been successfully validated by the origin',
);
const proxyAlone = sentence(
  'RFC 9111 5.2.2.8',
  'proxy-revalidate on its own does not imply that a response is cacheable.',
);
const isPublic = sentence(
  'RFC 9111 5.2.2.9',
  'If a response with the public directive has no explicit freshness information, it is heuristically cacheable',
);
const shared = sentence(
  'RFC 9111 5.2.2.10',
  'for a shared cache, the maximum age specified by this directive overrides the maximum age specified by either the max-age directive or the Expires header field.',
);
const sharedStale = sentence(
  'RFC 9111 5.2.2.10',
  'A shared cache MUST NOT reuse a stale response with s-maxage to satisfy another request until it has been successfully validated by the origin',
);
const unknown = sentence('RFC 9111 5.2.3', 'A cache MUST ignore unrecognized cache directives.');
const immutable = sentence(
  'RFC 8246 2.1',
  'proxies SHOULD skip conditionally revalidating fresh responses containing the immutable extension unless there is a signal from the client that a validation is necessary',
);
const immutableStale = sentence(
  'RFC 8246 2',
  'Stale responses SHOULD be revalidated as they normally would be in the absence of the immutable extension.',
);
const immutableArguments = sentence(
  'RFC 8246 2',
  'If any arguments are present, they have no meaning and MUST be ignored.',
);

const cc = (value: string | string[]): { 'Cache-Control': string | string[] } => ({ 'Cache-Control': value });
const UNREACHABLE: Exchange = { answer: { breaksOff: 'at-once' }, expect: { from: 'failure', status: 502 } };
const ALREADY_STALE = { Age: '10', ETag: '"1"' };

export const cases: readonly RfcCase[] = [
  anyCase('Max-Age', says(cc('Max-Age=60')), STORED),
  anyCase('NO-STORE', says(cc('NO-STORE, max-age=60')), ASKED),
  anyCase('pRiVaTe', says(cc('pRiVaTe, max-age=60')), ASKED),
  anyCase('a quoted number', says(cc('max-age="60"')), STORED),
  anyCase('a quoted number that is 0', says(cc('max-age="0"')), ASKED),
  anyCase('a quoted string that looks like directives', says(cc('max-age=60, x="no-store, private"')), STORED),
  anyCase('a quote inside a quoted string', says(cc(String.raw`max-age=60, x="a \", no-store"`)), STORED),
  anyCase('members that are empty', says(cc(', , max-age=60 ,')), STORED),
  anyCase('without spaces', says(cc('x-a,max-age=60,x-b')), STORED),
  anyCase('with tabs', says(cc('x-a ,\tmax-age=60')), STORED),
  anyCase('on three lines', says(cc(['x-a', 'max-age=60', 'x-b'])), STORED),
  anyCase('a name that only begins like one', says(cc('max-age=60, no-store-really')), STORED),
  anyCase('a name that only ends like one', says(cc('max-age=60, x-no-store')), STORED),
  maxAgeIs('not yet', says({ ...maxAge(60), Age: '55' }), STORED),
  maxAgeIs('by far', says({ ...maxAge(60), Age: '3600' }), ASKED),
  maxAgeIs('a number beyond what others can represent', says(maxAge(99_999_999_999)), STORED),
  mustRevalidate('it is not stale', says(cc('max-age=60, must-revalidate')), STORED),
  mustRevalidate(
    'it is',
    says({ ...cc('max-age=5, must-revalidate'), ...ALREADY_STALE }),
    validated(maxAge(60)),
    STORED,
  ),
  mustRevalidate(
    'it allows stale answers elsewhere',
    says({ ...cc('max-age=5, must-revalidate, stale-while-revalidate=600'), ...ALREADY_STALE }),
    validated(),
  ),
  mustRevalidate(
    'the origin says 500',
    says({ ...cc('max-age=5, must-revalidate, stale-if-error=600'), ...ALREADY_STALE }),
    says({}, { status: 500 }),
  ),
  disconnected('with an entity tag', says({ ...cc('max-age=5, must-revalidate'), ...ALREADY_STALE }), UNREACHABLE),
  disconnected(
    'the client would take it',
    says({ ...cc('max-age=5, must-revalidate'), ...ALREADY_STALE }),
    by(cc('max-stale, stale-if-error=600'), UNREACHABLE),
  ),
  ...[200, 203, 204, 301, 404, 410].map((status) =>
    mustUnderstand(`${status}`, says(cc('must-understand, no-store, max-age=60'), { status }), STORED),
  ),
  mustUnderstand('not 599', says(cc('must-understand, no-store, max-age=60'), { status: 599 }), ASKED),
  noCache('alone', says({ ...cc('no-cache'), ETag: '"1"' }), validated(), validated()),
  noCache('beside max-age', says({ ...cc('no-cache, max-age=60'), ETag: '"1"' }), validated()),
  noCache('without a validator', says(cc('no-cache, max-age=60')), ASKED),
  noCache(
    'and the origin says 500',
    says({ ...cc('no-cache, stale-if-error=600'), ETag: '"1"' }),
    says({}, { status: 500 }),
  ),
  noCache('and the origin is away', says({ ...cc('no-cache, stale-if-error=600'), ETag: '"1"' }), UNREACHABLE),
  noCache(
    'and the client would take it',
    says({ ...cc('no-cache, max-age=60'), ETag: '"1"' }),
    by(cc('max-stale=600'), validated()),
  ),
  noCache('on a second line', says({ ...cc(['max-age=60', 'no-cache']), ETag: '"1"' }), validated()),
  someFields(
    'the rest is used',
    says({ ...cc('max-age=60, no-cache="x-secret"'), 'X-Secret': '1', 'X-Open': '2' }),
    storedWith({ 'X-Secret': null, 'X-Open': '2' }),
  ),
  someFields(
    'the token form',
    says({ ...cc('max-age=60, no-cache=x-secret'), 'X-Secret': '1', 'X-Open': '2' }),
    storedWith({ 'X-Secret': null, 'X-Open': '2' }),
  ),
  someFields('a list that cannot be read holds for all', says(cc('max-age=60, no-cache="x y z"')), ASKED),
  someFields(
    'beside the unqualified form, which is stricter',
    says(cc('max-age=60, no-cache="x-secret", no-cache')),
    ASKED,
  ),
  anyName(
    'X-SECRET',
    says({ ...cc('max-age=60, no-cache="X-SECRET"'), 'x-secret': '1' }),
    storedWith({ 'X-Secret': null }),
  ),
  noStore('alone', says(cc('no-store')), ASKED),
  noStore('with everything that allows it', says(cc('no-store, public, max-age=60, s-maxage=60, immutable')), ASKED),
  noStore('with an argument', says(cc('no-store=x, max-age=60')), ASKED),
  noStore('of a 404', says(cc('no-store, max-age=60'), { status: 404 }), ASKED),
  noTransform(
    'a text stays as it is, also from the store',
    says(
      { ...cc('no-transform, max-age=60'), 'Content-Type': 'text/plain' },
      { body: '  a text, twice  '.repeat(200) },
    ),
    by({ 'Accept-Encoding': 'gzip, br' }, storedWith({ 'Content-Encoding': null })),
  ),
  isPrivate('alone', says(cc('private')), ASKED),
  isPrivate('beside s-maxage', says(cc('private, s-maxage=60')), ASKED),
  isPrivate('beside Expires', says({ ...cc('private'), Expires: at(60) }), ASKED),
  isPrivate('with an empty list', says(cc('private="", max-age=60')), ASKED),
  ours(
    isPrivate(
      'in the partition of one user it may be',
      by({ Authorization: 'Bearer one' }, says(cc('private, max-age=60'))),
      by({ Authorization: 'Bearer one' }, STORED),
      by({ Authorization: 'Bearer two' }, ASKED),
    ),
  ),
  privateFields(
    'two of three',
    says({ ...cc('max-age=60, private="x-a, x-b"'), 'X-A': '1', 'X-B': '2', 'X-C': '3' }),
    storedWith({ 'X-A': null, 'X-B': null, 'X-C': '3' }),
  ),
  privateFields(
    'the one who asked gets them',
    expecting({ fields: { 'X-A': '1' } }, says({ ...cc('max-age=60, private="x-a"'), 'X-A': '1' })),
    storedWith({ 'X-A': null }),
  ),
  proxyRevalidate('it is not stale', says(cc('max-age=60, proxy-revalidate')), STORED),
  proxyRevalidate(
    'it is',
    says({ ...cc('max-age=5, proxy-revalidate, stale-while-revalidate=600'), ...ALREADY_STALE }),
    validated(),
  ),
  proxyRevalidate(
    'it is, and the origin is away',
    says({ ...cc('max-age=5, proxy-revalidate'), ...ALREADY_STALE }),
    UNREACHABLE,
  ),
  proxyAlone('on a 302', says({ ...cc('proxy-revalidate'), 'Last-Modified': at(-8_640_000) }, { status: 302 }), ASKED),
  isPublic('a 302', says({ ...cc('public'), 'Last-Modified': at(-8_640_000) }, { status: 302 }), STORED),
  isPublic(
    'not where it is expired',
    says({ ...cc('public'), 'Last-Modified': at(-8_640_000), Expires: at(-5) }),
    ASKED,
  ),
  shared('longer', says({ ...cc('s-maxage=60, max-age=0'), Expires: at(-60) }), STORED),
  shared('shorter', says({ ...cc('s-maxage=0, max-age=60'), Expires: at(60) }), ASKED),
  sharedStale(
    'stale-while-revalidate beside it',
    says({ ...cc('s-maxage=5, stale-while-revalidate=600'), ...ALREADY_STALE }),
    validated(),
  ),
  sharedStale('the origin is away', says({ ...cc('s-maxage=5, stale-if-error=600'), ...ALREADY_STALE }), UNREACHABLE),
  unknown('one', says(cc('max-age=60, community="UCI"')), STORED),
  unknown('alone', says(cc('community="UCI"')), ASKED),
  unknown('with anything that a token may be', says(cc("max-age=60, !#$%&'*+-.^_`|~=1")), STORED),
  unknown('beside private', says(cc('private, community="UCI", max-age=60')), ASKED),
  immutable('a reload', says({ ...cc('max-age=60, immutable'), ETag: '"1"' }), by(cc('max-age=0'), STORED)),
  immutable(
    'no-cache is such a signal',
    says({ ...cc('max-age=60, immutable'), ETag: '"1"' }),
    by(cc('no-cache'), validated()),
  ),
  immutableStale('stale', says({ ...cc('max-age=5, immutable'), ...ALREADY_STALE }), validated()),
  immutableStale('without a lifetime', says(cc('immutable')), ASKED),
  immutableArguments(
    'immutable=no',
    says({ ...cc('max-age=60, immutable=no'), ETag: '"1"' }),
    by(cc('max-age=0'), STORED),
  ),
];
