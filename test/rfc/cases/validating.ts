import { between, type Exchange, type RfcCase } from '../case.js';
import {
  ASKED,
  asking,
  by,
  expecting,
  maxAge,
  ours,
  says,
  sentence,
  STORED,
  storedWith,
  validated,
} from '../exchanges.js';
import { at } from '../times.js';

const tags = sentence(
  'RFC 9111 4.3.1',
  'MUST send the relevant entity tags (using If-Match, If-None-Match, or If-Range) if the entity tags were provided in the stored response(s) being validated.',
);
const modified = sentence(
  'RFC 9111 4.3.1',
  'SHOULD send the Last-Modified value (using If-Modified-Since) if the request is not for a subrange, a single stored response is being validated, and that response contains a Last-Modified value.',
);
const copied = sentence(
  'RFC 9111 4.3.1',
  'synthesizes a request using a stored response by copying the method, target URI, and request header fields identified by the Vary header field',
);
const received = sentence(
  'RFC 9111 4.3.2',
  'the cache SHOULD evaluate any applicable conditional header field preconditions received in that request with respect to the corresponding validators contained within the stored response.',
);
const origin = sentence(
  'RFC 9111 4.3.2',
  'A cache MUST NOT evaluate conditional header fields that only apply to an origin server',
);
const precedence = sentence('RFC 9111 4.3.2', 'If-None-Match takes precedence over If-Modified-Since.');
const byDate = sentence(
  'RFC 9111 4.3.2',
  "If a request contains an If-Modified-Since header field and the Last-Modified header field is not present in a stored response, a cache SHOULD use the stored response's Date field value",
);
const notInList = sentence(
  'RFC 9111 4.3.2',
  "If the response to the forwarded request is 304 (Not Modified) and has an ETag field value with an entity tag that is not in the client's list, the cache MUST generate a 200 (OK) response for the client by reusing its corresponding stored response, as updated by the 304 response metadata",
);
const reused = sentence(
  'RFC 9111 4.3.3',
  'A 304 (Not Modified) response status code indicates that the stored response can be updated and reused;',
);
const full = sentence('RFC 9111 4.3.3', 'the cache MUST use the full response to satisfy the request.');
const failed = sentence(
  'RFC 9111 4.3.3',
  'if a cache receives a 5xx (Server Error) response while attempting to validate a response, it can either forward this response to the requesting client or act as if the server failed to respond.',
);
const strong = sentence(
  'RFC 9111 4.3.4',
  'If none of the initial set contains at least one of the same strong validators, then the cache MUST NOT use the new response to update any stored responses.',
);
const weak = sentence(
  'RFC 9111 4.3.4',
  "If the new response contains no strong validators but does contain one or more weak validators, and those validators correspond to one of the initial set's stored responses, then the most recent of those matching stored responses is identified for update.",
);
const updated = sentence(
  'RFC 9111 4.3.4',
  'For each stored response identified, the cache MUST update its header fields with the header fields provided in the 304 (Not Modified) response',
);
const head = sentence(
  'RFC 9111 4.3.5',
  'if the stored response and HEAD response have matching values for any received validator fields (ETag and Last-Modified) and, if the HEAD response has a Content-Length header field, the value of Content-Length matches that of the stored response, the cache SHOULD update the stored response',
);
const headDiffers = sentence('RFC 9111 4.3.5', 'otherwise, the cache SHOULD consider the stored response to be stale.');

const STALE = { ...maxAge(5), Age: '10' };
const WAS = 'Sat, 01 Nov 2025 10:00:00 GMT';
const NOT_MODIFIED: Exchange = expecting({ status: 304, body: '' }, STORED);
const FORCED = { 'Cache-Control': 'no-cache' };

export const cases: readonly RfcCase[] = [
  tags('a strong one', says({ ...STALE, ETag: '"1"' }), validated({}, { seen: { 'If-None-Match': '"1"' } })),
  tags(
    'a weak one, as it came',
    says({ ...STALE, ETag: 'W/"1"' }),
    validated({}, { seen: { 'If-None-Match': 'W/"1"' } }),
  ),
  tags('one with a comma', says({ ...STALE, ETag: '"a,b"' }), validated({}, { seen: { 'If-None-Match': '"a,b"' } })),
  tags(
    'that of the stored answer, when the client has another',
    says({ ...STALE, ETag: '"1"' }),
    by({ 'If-None-Match': '"client"' }, validated({}, { seen: { 'If-None-Match': /"1"/ } })),
  ),
  tags(
    'of a 404 too',
    says({ ...STALE, ETag: '"1"' }, { status: 404 }),
    validated({}, { seen: { 'If-None-Match': '"1"' } }),
  ),
  tags('none where none was given', says(STALE), expecting({ seen: { 'If-None-Match': null } }, ASKED)),
  modified('alone', says({ ...STALE, 'Last-Modified': WAS }), validated({}, { seen: { 'If-Modified-Since': WAS } })),
  modified(
    'beside an entity tag',
    says({ ...STALE, ETag: '"1"', 'Last-Modified': WAS }),
    validated({}, { seen: { 'If-Modified-Since': WAS, 'If-None-Match': '"1"' } }),
  ),
  modified('none where none was given', says(STALE), expecting({ seen: { 'If-Modified-Since': null } }, ASKED)),
  copied(
    'the variant that is validated',
    by({ 'X-Choice': 'a' }, says({ ...STALE, Vary: 'X-Choice', ETag: '"1"' })),
    by({ 'X-Choice': 'a' }, validated({}, { seen: { 'X-Choice': 'a' } })),
  ),
  received('the tag matches', says({ ...maxAge(60), ETag: '"1"' }), by({ 'If-None-Match': '"1"' }, NOT_MODIFIED)),
  received('the tag differs', says({ ...maxAge(60), ETag: '"1"' }), by({ 'If-None-Match': '"2"' }, STORED)),
  received(
    'one of several matches',
    says({ ...maxAge(60), ETag: '"1"' }),
    by({ 'If-None-Match': '"2", "1"' }, NOT_MODIFIED),
  ),
  received(
    'one on a second line matches',
    says({ ...maxAge(60), ETag: '"1"' }),
    by({ 'If-None-Match': ['"2"', '"1"'] }, NOT_MODIFIED),
  ),
  received('weak and strong', says({ ...maxAge(60), ETag: 'W/"1"' }), by({ 'If-None-Match': '"1"' }, NOT_MODIFIED)),
  received('strong and weak', says({ ...maxAge(60), ETag: '"1"' }), by({ 'If-None-Match': 'W/"1"' }, NOT_MODIFIED)),
  received('any', says({ ...maxAge(60), ETag: '"1"' }), by({ 'If-None-Match': '*' }, NOT_MODIFIED)),
  received(
    'modified at that time',
    says({ ...maxAge(60), 'Last-Modified': WAS }),
    by({ 'If-Modified-Since': WAS }, NOT_MODIFIED),
  ),
  received(
    'modified before',
    says({ ...maxAge(60), 'Last-Modified': WAS }),
    by({ 'If-Modified-Since': at(0) }, NOT_MODIFIED),
  ),
  received(
    'modified since',
    says({ ...maxAge(60), 'Last-Modified': at(-10) }),
    by({ 'If-Modified-Since': WAS }, STORED),
  ),
  received(
    'a date that is none',
    says({ ...maxAge(60), 'Last-Modified': WAS }),
    by({ 'If-Modified-Since': 'yesterday' }, STORED),
  ),
  received(
    'the 304 has what tells how to use it',
    says({ ...maxAge(60), ETag: '"1"', Vary: 'X-Choice', 'Content-Location': '/x', Expires: at(60) }),
    by(
      { 'If-None-Match': '"1"' },
      expecting(
        { fields: { ETag: '"1"', Vary: 'X-Choice', 'Cache-Control': 'max-age=60', Date: /GMT$/ } },
        NOT_MODIFIED,
      ),
    ),
  ),
  received(
    'HEAD',
    says({ ...maxAge(60), ETag: '"1"' }),
    asking({ method: 'HEAD', fields: { 'If-None-Match': '"1"' } }, NOT_MODIFIED),
  ),
  origin(
    'If-Match',
    says({ ...maxAge(60), ETag: '"1"' }),
    by({ 'If-Match': '"2"' }, expecting({ seen: { 'If-Match': '"2"' } }, says({}, { status: 412 }))),
  ),
  origin(
    'If-Unmodified-Since',
    says({ ...maxAge(60), 'Last-Modified': WAS }),
    by({ 'If-Unmodified-Since': WAS }, expecting({ seen: { 'If-Unmodified-Since': WAS } }, ASKED)),
  ),
  origin(
    'If-None-Match of a PUT',
    says({ ...maxAge(60), ETag: '"1"' }),
    asking(
      { method: 'PUT', fields: { 'If-None-Match': '*' }, body: 'written' },
      expecting({ seen: { 'If-None-Match': '*' } }, says({}, { status: 412 })),
    ),
  ),
  precedence(
    'the tag differs, the date does not',
    says({ ...maxAge(60), ETag: '"1"', 'Last-Modified': WAS }),
    by({ 'If-None-Match': '"2"', 'If-Modified-Since': WAS }, STORED),
  ),
  precedence(
    'the date differs, the tag does not',
    says({ ...maxAge(60), ETag: '"1"', 'Last-Modified': at(-10) }),
    by({ 'If-None-Match': '"1"', 'If-Modified-Since': WAS }, NOT_MODIFIED),
  ),
  byDate('not before it', says({ ...maxAge(60), Date: at(-20) }), by({ 'If-Modified-Since': at(-10) }, NOT_MODIFIED)),
  byDate('before it', says({ ...maxAge(60), Date: at(-20) }), by({ 'If-Modified-Since': at(-30) }, STORED)),
  notInList(
    'the client has an older one',
    says({ ...STALE, ETag: '"1"' }),
    by(
      { 'If-None-Match': '"older"' },
      validated({ ...maxAge(60), ETag: '"1"', 'X-News': '1' }, { fields: { 'X-News': '1' } }),
    ),
  ),
  notInList(
    'in the list: it has it',
    says({ ...STALE, ETag: '"1"' }),
    by({ 'If-None-Match': '"1"' }, validated({ ...maxAge(60), ETag: '"1"' }, { status: 304, body: '' })),
  ),
  reused('once', says({ ...STALE, ETag: '"1"' }), validated({ ETag: '"1"' })),
  reused('and then it is fresh', says({ ...STALE, ETag: '"1"' }), validated(maxAge(60)), STORED),
  reused(
    'its age begins anew',
    says({ ...STALE, ETag: '"1"' }),
    validated(maxAge(60)),
    storedWith({ Age: between(0, 2) }),
  ),
  reused(
    'by date alone',
    says({ ...STALE, 'Last-Modified': WAS }),
    validated({ ...maxAge(60), 'Last-Modified': WAS }),
    STORED,
  ),
  reused(
    'HEAD gets it without the body',
    says({ ...STALE, ETag: '"1"' }),
    validated(maxAge(60)),
    asking({ method: 'HEAD' }, STORED),
  ),
  full('it replaces what was stored', says({ ...STALE, ETag: '"1"' }), says({ ...maxAge(60), ETag: '"2"' }), STORED),
  full('also a 404', says({ ...STALE, ETag: '"1"' }), says(maxAge(60), { status: 404 }), STORED),
  full('also where it may not be stored', says({ ...STALE, ETag: '"1"' }), says({ 'Cache-Control': 'no-store' })),
  full(
    'also where the client has what was stored',
    says({ ...STALE, ETag: '"1"' }),
    by({ 'If-None-Match': '"1"' }, says({ ...maxAge(60), ETag: '"2"' })),
  ),
  ...[500, 502, 503, 504].map((status) =>
    failed(`${status} is forwarded`, says({ ...STALE, ETag: '"1"' }), says({}, { status })),
  ),
  failed(
    'and what was stored is validated later',
    says({ ...STALE, ETag: '"1"' }),
    says({}, { status: 500 }),
    expecting({ of: 0 }, validated(maxAge(60))),
    expecting({ of: 0 }, STORED),
  ),
  strong(
    'a 304 of another tag',
    says({ ...STALE, ETag: '"1"' }),
    {
      answer: { status: 304, fields: { ...maxAge(60), ETag: '"2"' } },
      then: [{ fields: { ...maxAge(60), ETag: '"2"' } }],
      expect: { from: 'upstream', calls: 2 },
    },
    STORED,
  ),
  weak('the same', says({ ...STALE, ETag: 'W/"1"' }), validated({ ...maxAge(60), ETag: 'W/"1"' }), STORED),
  weak('of a strong one', says({ ...STALE, ETag: '"1"' }), validated({ ...maxAge(60), ETag: 'W/"1"' }), STORED),
  updated(
    'Cache-Control',
    says({ ...STALE, ETag: '"1"' }),
    validated({ 'Cache-Control': 'max-age=60, x-told' }, { fields: { 'Cache-Control': 'max-age=60, x-told' } }),
    storedWith({ 'Cache-Control': 'max-age=60, x-told' }),
  ),
  updated('Expires', says({ Expires: at(-5), ETag: '"1"' }), validated({ Expires: at(60) }), STORED),
  updated('a no-store', says({ ...STALE, ETag: '"1"' }), validated({ 'Cache-Control': 'no-store' }), ASKED),
  updated(
    'a no-cache',
    says({ ...maxAge(60), ETag: '"1"' }),
    by(FORCED, validated({ 'Cache-Control': 'no-cache' })),
    validated(),
  ),
  head(
    'the same tag',
    says({ ...maxAge(60), ETag: '"1"' }, { body: '0123456789' }),
    asking(
      { method: 'HEAD', fields: FORCED },
      says({ ...maxAge(60), ETag: '"1"', 'Content-Length': '10', 'X-News': '1' }),
    ),
    expecting({ of: 0, fields: { 'X-News': '1' } }, STORED),
  ),
  head(
    'the same date',
    says({ ...maxAge(60), 'Last-Modified': WAS }, { body: '0123456789' }),
    asking(
      { method: 'HEAD', fields: FORCED },
      says({ ...maxAge(60), 'Last-Modified': WAS, 'Content-Length': '10', 'X-News': '1' }),
    ),
    expecting({ of: 0, fields: { 'X-News': '1' } }, STORED),
  ),
  head(
    'a stale one is fresh again',
    says({ ...STALE, ETag: '"1"' }, { body: '0123456789' }),
    asking({ method: 'HEAD' }, says({ ...maxAge(60), ETag: '"1"', 'Content-Length': '10' })),
    expecting({ of: 0 }, STORED),
  ),
  headDiffers(
    'another tag',
    says({ ...maxAge(60), ETag: '"1"' }, { body: '0123456789' }),
    asking({ method: 'HEAD', fields: FORCED }, says({ ...maxAge(60), ETag: '"2"', 'Content-Length': '10' })),
    ASKED,
  ),
  headDiffers(
    'another date',
    says({ ...maxAge(60), 'Last-Modified': WAS }, { body: '0123456789' }),
    asking(
      { method: 'HEAD', fields: FORCED },
      says({ ...maxAge(60), 'Last-Modified': at(-10), 'Content-Length': '10' }),
    ),
    ASKED,
  ),
  headDiffers(
    'another length',
    says({ ...maxAge(60), ETag: '"1"' }, { body: '0123456789' }),
    asking({ method: 'HEAD', fields: FORCED }, says({ ...maxAge(60), ETag: '"1"', 'Content-Length': '11' })),
    ASKED,
  ),
  ours(received('after a miss too', by({ 'If-None-Match': '"0"' }, says({ ...maxAge(60), ETag: '"1"' })), STORED)),
];
