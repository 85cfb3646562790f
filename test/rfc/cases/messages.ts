import type { RfcCase } from '../case.js';
import {
  ASKED,
  asking,
  by,
  expecting,
  maxAge,
  ours,
  refused,
  says,
  sentence,
  STORED,
  storedWith,
} from '../exchanges.js';

const connection = sentence(
  'RFC 9110 7.6.1',
  'Intermediaries MUST parse a received Connection header field before a message is forwarded and, for each connection-option in this field, remove any header or trailer field(s) from the message with the same name as the connection-option, and then remove the Connection header field itself',
);
const known = sentence(
  'RFC 9110 7.6.1',
  'intermediaries SHOULD remove or replace fields that are known to require removal before forwarding',
);
const unrecognized = sentence(
  'RFC 9110 5.1',
  'A proxy MUST forward unrecognized header fields unless the field name is listed in the Connection header field',
);
const order = sentence(
  'RFC 9110 5.3',
  'a proxy MUST NOT change the order of these field line values when forwarding a message.',
);
const via = sentence(
  'RFC 9110 7.6.3',
  'A proxy MUST send an appropriate Via header field, as described below, in each message that it forwards.',
);
const maxForwards = sentence(
  'RFC 9110 7.6.2',
  'If the received Max-Forwards value is greater than zero, the intermediary MUST generate an updated Max-Forwards field in the forwarded message',
);
const noForwards = sentence(
  'RFC 9110 7.6.2',
  'If the received value is zero (0), the intermediary MUST NOT forward the request; instead, the intermediary MUST respond as the final recipient.',
);
const otherMethods = sentence(
  'RFC 9110 7.6.2',
  'A recipient MAY ignore a Max-Forwards header field received with any other request methods.',
);
const path = sentence(
  'RFC 9110 7.7',
  'A proxy MUST NOT modify the "absolute-path" and "query" parts of the received target URI when forwarding it to the next inbound server except as required by that forwarding protocol.',
);
const date = sentence(
  'RFC 9110 6.6.1',
  "A recipient with a clock that receives a response message without a Date header field MUST record the time it was received and append a corresponding Date header field to the message's header section if it is cached or forwarded downstream.",
);
const headLike = sentence(
  'RFC 9110 9.3.2',
  'The server SHOULD send the same header fields in response to a HEAD request as it would have sent if the request method had been GET.',
);
const headLength = sentence(
  'RFC 9110 8.6',
  'a server MUST NOT send Content-Length in such a response unless its field value equals the decimal number of octets that would have been sent in the content of a response if the same request had used the GET method.',
);
const noLength = sentence(
  'RFC 9110 8.6',
  'A server MUST NOT send a Content-Length header field in any response with a status code of 1xx (Informational) or 204 (No Content).',
);
const notModified = sentence(
  'RFC 9110 15.4.5',
  'A 304 response is terminated by the end of the header section; it cannot contain content or trailers.',
);
const guiding = sentence(
  'RFC 9110 15.4.5',
  'a sender SHOULD NOT generate representation metadata other than the above listed fields unless said metadata exists for the purpose of guiding cache updates (e.g., Last-Modified might be useful if the response does not have an ETag field).',
);
const allow = sentence(
  'RFC 9110 15.5.6',
  "The origin server MUST generate an Allow header field in a 405 response containing a list of the target resource's currently supported methods.",
);
const invalidDate = sentence(
  'RFC 9110 13.1.3',
  'A recipient MUST ignore the If-Modified-Since header field if the received field value is not a valid HTTP-date, the field value has more than one member, or if the request method is neither GET nor HEAD.',
);
const weakly = sentence(
  'RFC 9110 13.1.2',
  'A recipient MUST use the weak comparison function when comparing entity tags for If-None-Match',
);
const retries = sentence('RFC 9110 9.2.2', 'A proxy MUST NOT automatically retry non-idempotent requests.');
const noTransform = sentence(
  'RFC 9110 7.7',
  'A proxy MUST NOT transform the content (...) of a response message that contains a no-transform cache directive',
);
const unknown = sentence(
  'RFC 9111 4',
  'A cache MUST write through requests with methods that are unsafe (...) to the origin server;',
);

const HOPS = [
  ['Keep-Alive', 'timeout=9'],
  ['Proxy-Connection', 'keep-alive'],
  ['TE', 'trailers'],
  ['Upgrade', 'x-protocol'],
  ['Proxy-Authorization', 'Bearer x'],
] as const;
const HOPS_BACK = [
  ['Proxy-Connection', 'keep-alive'],
  ['Proxy-Authenticate', 'Basic'],
  ['Upgrade', 'x-protocol'],
] as const;

export const cases: readonly RfcCase[] = [
  connection(
    'of a request',
    by(
      { Connection: 'X-Hop, X-Other', 'X-Hop': '1', 'x-other': '2', 'X-End': '3' },
      expecting({ seen: { 'X-Hop': null, 'X-Other': null, 'X-End': '3', Connection: /^(?!.*hop)/i } }, ASKED),
    ),
  ),
  connection(
    'over two lines of it',
    by(
      { Connection: ['X-Hop', 'X-Other'], 'X-Hop': '1', 'X-Other': '2' },
      expecting({ seen: { 'X-Hop': null, 'X-Other': null } }, ASKED),
    ),
  ),
  connection(
    'of a response',
    expecting(
      { fields: { 'X-Hop': null, 'X-End': '3' } },
      says({ ...maxAge(60), Connection: 'X-Hop', 'X-Hop': '1', 'X-End': '3' }),
    ),
    storedWith({ 'X-Hop': null, 'X-End': '3' }),
  ),
  connection(
    'of a response that is not stored',
    expecting({ fields: { 'X-Hop': null } }, says({ 'Cache-Control': 'no-store', Connection: 'x-hop', 'X-Hop': '1' })),
  ),
  connection(
    'of a write',
    asking(
      { method: 'POST', body: 'x', fields: { Connection: 'X-Hop', 'X-Hop': '1' } },
      expecting({ seen: { 'X-Hop': null } }, ASKED),
    ),
  ),
  ...HOPS.map(([name, value]) =>
    known(`${name} of a request`, by({ [name]: value }, expecting({ seen: { [name]: null } }, ASKED))),
  ),
  ...HOPS_BACK.map(([name, value]) =>
    known(`${name} of a response`, expecting({ fields: { [name]: null } }, says({ ...maxAge(60), [name]: value }))),
  ),
  unrecognized('of a request', by({ 'X-Odd_~1': 'a b' }, expecting({ seen: { 'X-Odd_~1': 'a b' } }, ASKED))),
  unrecognized(
    'of a response, from a miss and from a hit',
    expecting({ fields: { 'X-Odd_~1': 'a b' } }, says({ ...maxAge(60), 'X-Odd_~1': 'a b' })),
    storedWith({ 'X-Odd_~1': 'a b' }),
  ),
  unrecognized(
    'without a value',
    expecting({ fields: { 'X-Empty': '' } }, says({ ...maxAge(60), 'X-Empty': '' })),
    storedWith({ 'X-Empty': '' }),
  ),
  order('of a request', by({ 'X-Many': ['c', 'a', 'b'] }, expecting({ seen: { 'X-Many': 'c, a, b' } }, ASKED))),
  order(
    'of a response, from a miss and from a hit',
    expecting({ fields: { 'X-Many': 'c, a, b' } }, says({ ...maxAge(60), 'X-Many': ['c', 'a', 'b'] })),
    storedWith({ 'X-Many': 'c, a, b' }),
  ),
  via('to the upstream', expecting({ seen: { Via: /^1\.1 \S+$/ } }, ASKED)),
  via('to the client, from a miss', expecting({ fields: { Via: /^(HTTP\/)?1\.1 \S+/ } }, says(maxAge(60)))),
  via('to the client, from a hit', says(maxAge(60)), storedWith({ Via: /1\.1 \S+/ })),
  via(
    'after those of others, to the upstream',
    by({ Via: '1.0 fred' }, expecting({ seen: { Via: /^1\.0 fred, 1\.1 \S+$/ } }, ASKED)),
  ),
  via(
    'after those of others, to the client',
    expecting({ fields: { Via: /^1\.1 vendor, (HTTP\/)?1\.1 \S+/ } }, says({ ...maxAge(60), Via: '1.1 vendor' })),
    storedWith({ Via: /^1\.1 vendor, (HTTP\/)?1\.1 \S+/ }),
  ),
  via(
    'of a write',
    asking({ method: 'POST', body: 'x' }, expecting({ seen: { Via: /1\.1 / }, fields: { Via: /1\.1 / } }, ASKED)),
  ),
  via(
    'of a 304',
    says({ ...maxAge(60), ETag: '"1"' }),
    by({ 'If-None-Match': '"1"' }, expecting({ status: 304, body: '', fields: { Via: /1\.1 / } }, STORED)),
  ),
  maxForwards(
    'of OPTIONS',
    asking(
      { method: 'OPTIONS', fields: { 'Max-Forwards': '3' } },
      expecting({ seen: { 'Max-Forwards': '2' }, seenMethod: 'OPTIONS' }, ASKED),
    ),
  ),
  maxForwards(
    'to none',
    asking({ method: 'OPTIONS', fields: { 'Max-Forwards': '1' } }, expecting({ seen: { 'Max-Forwards': '0' } }, ASKED)),
  ),
  noForwards(
    'of OPTIONS',
    asking(
      { method: 'OPTIONS', fields: { 'Max-Forwards': '0' } },
      expecting({ fields: { Allow: /GET/ } }, { expect: { from: 'proxy' } }),
    ),
  ),
  noForwards('of TRACE', asking({ method: 'TRACE', fields: { 'Max-Forwards': '0' } }, { expect: { from: 'proxy' } })),
  ours(otherMethods('GET', by({ 'Max-Forwards': '0' }, expecting({ seen: { 'Max-Forwards': '0' } }, ASKED)))),
  ...['?b=2&a=1&a=', '/a//b/./c', '/%7Euser/%2f?x=%20', '?', '?a=b?c', "/a;v=1,2:@!$&'()*+="].map((one) =>
    path(one, asking({ path: one }, expecting({ seenPath: one }, ASKED))),
  ),
  date('a miss', expecting({ fields: { Date: /GMT$/ } }, says({ ...maxAge(60), Date: [] }))),
  date('a hit', says({ ...maxAge(60), Date: [] }), storedWith({ Date: /GMT$/ })),
  date('a write', asking({ method: 'POST', body: 'x' }, expecting({ fields: { Date: /GMT$/ } }, says({ Date: [] })))),
  headLike(
    'from what is stored',
    says({ ...maxAge(60), ETag: '"1"', 'Content-Type': 'text/plain', 'X-Odd': '1' }),
    asking(
      { method: 'HEAD' },
      storedWith({ ETag: '"1"', 'Content-Type': 'text/plain', 'X-Odd': '1', 'Cache-Control': 'max-age=60' }),
    ),
  ),
  headLike(
    'from the upstream',
    asking(
      { method: 'HEAD' },
      expecting(
        { seenMethod: 'HEAD', fields: { 'Content-Length': '77', 'X-Odd': '1' } },
        says({ 'Content-Length': '77', 'X-Odd': '1' }),
      ),
    ),
  ),
  headLength(
    'from what is stored',
    says(maxAge(60), { body: '0123456789' }),
    asking({ method: 'HEAD' }, storedWith({ 'Content-Length': '10' })),
  ),
  noLength('204', expecting({ fields: { 'Content-Length': null } }, says(maxAge(60), { status: 204 }))),
  noLength(
    '204 from what is stored',
    says(maxAge(60), { status: 204 }),
    expecting({ status: 204, body: '', fields: { 'Content-Length': null } }, STORED),
  ),
  noLength(
    '204 to a DELETE',
    asking({ method: 'DELETE' }, expecting({ fields: { 'Content-Length': null } }, says({}, { status: 204 }))),
  ),
  notModified(
    'the connection goes on',
    says({ ...maxAge(60), ETag: '"1"' }),
    by({ 'If-None-Match': '"1"' }, expecting({ status: 304, body: '' }, STORED)),
    STORED,
  ),
  notModified(
    'to conditions that the upstream judged',
    by({ 'If-Match': '"1"', 'If-None-Match': '"1"' }, says({ ETag: '"1"' }, { status: 304 })),
    ASKED,
  ),
  guiding(
    'Content-Type and Last-Modified beside an ETag',
    says({
      ...maxAge(60),
      ETag: '"1"',
      'Content-Type': 'text/plain',
      'Last-Modified': 'Sat, 01 Nov 2025 10:00:00 GMT',
    }),
    by(
      { 'If-None-Match': '"1"' },
      expecting(
        { status: 304, body: '', fields: { 'Content-Type': null, 'Last-Modified': null, 'Content-Length': null } },
        STORED,
      ),
    ),
  ),
  guiding(
    'Last-Modified without an ETag',
    says({ ...maxAge(60), 'Last-Modified': 'Sat, 01 Nov 2025 10:00:00 GMT' }),
    by(
      { 'If-Modified-Since': 'Sat, 01 Nov 2025 10:00:00 GMT' },
      expecting({ status: 304, body: '', fields: { 'Last-Modified': 'Sat, 01 Nov 2025 10:00:00 GMT' } }, STORED),
    ),
  ),
  allow('TRACE', asking({ method: 'TRACE' }, expecting({ fields: { Allow: /GET/ } }, refused(405)))),
  invalidDate(
    'two dates',
    says({ ...maxAge(60), 'Last-Modified': 'Sat, 01 Nov 2025 10:00:00 GMT' }),
    by({ 'If-Modified-Since': ['Sat, 01 Nov 2025 10:00:00 GMT', 'Sat, 01 Nov 2025 10:00:00 GMT'] }, STORED),
  ),
  invalidDate(
    'of a POST it is left to the upstream',
    asking(
      { method: 'POST', body: 'x', fields: { 'If-Modified-Since': 'Sat, 01 Nov 2025 10:00:00 GMT' } },
      expecting({ seen: { 'If-Modified-Since': 'Sat, 01 Nov 2025 10:00:00 GMT' } }, ASKED),
    ),
  ),
  weakly(
    'weak and weak',
    says({ ...maxAge(60), ETag: 'W/"1"' }),
    by({ 'If-None-Match': 'W/"1"' }, expecting({ status: 304, body: '' }, STORED)),
  ),
  weakly(
    'only where the tags are the same',
    says({ ...maxAge(60), ETag: 'W/"1"' }),
    by({ 'If-None-Match': 'W/"2"' }, STORED),
  ),
  weakly(
    'a tag that has a comma and a quoted look',
    says({ ...maxAge(60), ETag: '"a,b"' }),
    by({ 'If-None-Match': '"x", "a,b", "y"' }, expecting({ status: 304, body: '' }, STORED)),
  ),
  retries(
    'POST',
    asking({ method: 'POST', body: 'x' }, { answer: { breaksOff: 'at-once' }, expect: { from: 'failure', calls: 1 } }),
  ),
  retries(
    'PATCH',
    asking({ method: 'PATCH', body: 'x' }, { answer: { breaksOff: 'at-once' }, expect: { from: 'failure', calls: 1 } }),
  ),
  retries(
    'a method that is not known to us',
    asking(
      { method: 'PROPPATCH', body: 'x' },
      { answer: { breaksOff: 'at-once' }, expect: { from: 'failure', calls: 1 } },
    ),
  ),
  noTransform('the body is as it came', says({ 'Cache-Control': 'max-age=60, no-transform' }), STORED),
  ...['PROPFIND', 'PURGE', 'MKCOL', 'REPORT', 'SEARCH', 'LINK'].map((name) =>
    ours(unknown(name, asking({ method: name }, expecting({ seenMethod: name }, ASKED)))),
  ),
];
