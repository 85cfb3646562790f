import { ask, onTheWire, type WireCase } from './wire-case.js';

const toOld = onTheWire(
  'RFC 9112 6.1',
  'A server MUST NOT send a response containing Transfer-Encoding unless the corresponding request indicates HTTP/1.1 (or later minor revisions).',
);
const chunked = onTheWire('RFC 9112 7.1', 'A recipient MUST be able to parse and decode the chunked transfer coding.');
const both = onTheWire(
  'RFC 9112 6.3',
  'If a message is received with both a Transfer-Encoding and a Content-Length header field, the Transfer-Encoding overrides the Content-Length. Such a message (...) ought to be handled as an error.',
);
const length = onTheWire(
  'RFC 9112 6.3',
  'the proxy MUST close the connection to the server, discard the received response, and send a 502 (Bad Gateway) response to the client.',
);
const untilClose = onTheWire(
  'RFC 9112 6.3',
  'Otherwise, this is a response message without a declared message body length, so the message body length is determined by the number of octets received prior to the server closing the connection.',
);
const fold = onTheWire(
  'RFC 9112 5.2',
  'A proxy or gateway that receives an obs-fold in a response message that is not within a "message/http" container MUST either discard the message and replace it with a 502 (Bad Gateway) response',
);
const trailers = onTheWire(
  'RFC 9110 6.5.1',
  'A recipient MUST NOT merge a trailer field into a header section unless the recipient understands the corresponding header field definition',
);
const incomplete = onTheWire(
  'RFC 9111 3.3',
  'A cache MUST NOT use an incomplete response to answer requests unless the response has been made complete',
);
const octets = onTheWire(
  'RFC 9110 5.5',
  'A recipient SHOULD treat other allowed octets in field content (i.e., obs-text) as opaque data.',
);
const codings = onTheWire(
  'RFC 9112 7.4',
  'If the TE field value is empty or if no TE field is present, the only acceptable transfer coding is chunked.',
);
const statusLine = onTheWire(
  'RFC 9110 15.6.3',
  'the server, while acting as a gateway or proxy, received an invalid response from an inbound server it accessed while attempting to fulfill the request.',
);

const HOST = 'Host: penstock\r\n';
const GET = [ask(HOST)];
const TWICE = [ask(HOST), ask(HOST)];
const STORED = 'HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n';
/** The upstream may be asked again: a GET is safe. */
const BAD = { statuses: [502], calls: 1 };

export const cases: readonly WireCase[] = [
  chunked(
    'from a miss and from a hit',
    TWICE,
    { statuses: [200, 200], calls: 1, body: 'abc0123456789', fields: { 'Content-Length': /^13$/ } },
    `${STORED}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=1\r\n0123456789\r\n0\r\n\r\n`,
  ),
  chunked(
    'every octet, to the client',
    TWICE,
    { statuses: [200, 200], calls: 1, body: '\x00\xff\r\n' },
    `${STORED}Transfer-Encoding: chunked\r\n\r\n4\r\n\x00\xff\r\n\r\n0\r\n\r\n`,
  ),
  toOld(
    'a chunked answer, stored',
    [ask(HOST, { version: '1.0' })],
    { statuses: [200], body: 'abc', fields: { 'Transfer-Encoding': null }, closes: true },
    `${STORED}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
  ),
  toOld(
    'a chunked answer that is not stored',
    [ask(HOST, { version: '1.0' })],
    { statuses: [200], body: 'abc', fields: { 'Transfer-Encoding': null }, closes: true },
    'HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  ),
  both('chunked', GET, BAD, `${STORED}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`),
  length('two that differ', GET, BAD, `${STORED}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`),
  length('no number', GET, BAD, `${STORED}Content-Length: three\r\n\r\nabc`),
  length('a sign', GET, BAD, `${STORED}Content-Length: +3\r\n\r\nabc`),
  untilClose('HTTP/1.1', TWICE, { statuses: [200, 200], calls: 1, body: 'abc' }, `${STORED}\r\nabc`),
  untilClose(
    'HTTP/1.0',
    TWICE,
    { statuses: [200, 200], calls: 1, body: 'abc' },
    'HTTP/1.0 200 OK\r\nCache-Control: max-age=60\r\n\r\nabc',
  ),
  untilClose('nothing at all', GET, { statuses: [200], body: '' }, `${STORED}\r\n`),
  fold('of a field', GET, BAD, `${STORED}X-Odd: a\r\n b\r\nContent-Length: 3\r\n\r\nabc`),
  trailers(
    'of a response, from a miss and from a hit',
    TWICE,
    { statuses: [200, 200], calls: 1, body: 'abc', fields: { 'X-Odd': null, Trailer: null } },
    `${STORED}Transfer-Encoding: chunked\r\nTrailer: X-Odd\r\n\r\n3\r\nabc\r\n0\r\nX-Odd: 1\r\n\r\n`,
  ),
  octets(
    'of a response, from a miss and from a hit',
    [...TWICE, ask(HOST)],
    { statuses: [200, 200, 200], calls: 1, fields: { 'X-Odd': /^caf\xe9 \xff$/ } },
    `${STORED}X-Odd: caf\xe9 \xff\r\nContent-Length: 3\r\n\r\nabc`,
  ),
  incomplete('shorter than Content-Length', GET, BAD, `${STORED}Content-Length: 9\r\n\r\nabc`),
  incomplete('without the last chunk', GET, BAD, `${STORED}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`),
  codings('gzip, chunked', GET, BAD, `${STORED}Transfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`),
  codings('gzip', GET, BAD, `${STORED}Transfer-Encoding: gzip\r\n\r\nabc`),
  statusLine('no HTTP', GET, BAD, 'hello\r\n\r\n'),
  statusLine('a status of two digits', GET, BAD, 'HTTP/1.1 99 Odd\r\nContent-Length: 0\r\n\r\n'),
  statusLine('a NUL in a field', GET, BAD, `${STORED}X-Odd: a\x00b\r\nContent-Length: 0\r\n\r\n`),
];
