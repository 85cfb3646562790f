import { ask, onTheWire, type WireCase } from './wire-case.js';

const host = onTheWire(
  'RFC 9112 3.2',
  'A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1 request message that lacks a Host header field and to any request message that contains more than one Host header field line or a Host header field with an invalid field value.',
);
const absolute = onTheWire(
  'RFC 9112 3.2.2',
  'When a proxy receives a request with an absolute-form of request-target, the proxy MUST ignore the received Host header field (if any) and instead replace it with the host information of the request-target.',
);
const empty = onTheWire(
  'RFC 9112 2.2',
  'a server that is expecting to receive and parse a request-line SHOULD ignore at least one empty line (CRLF) received prior to the request-line.',
);
const leading = onTheWire(
  'RFC 9112 2.2',
  'A recipient that receives whitespace between the start-line and the first header field MUST either reject the message as invalid or consume each whitespace-preceded line without further processing of it',
);
const bareCr = onTheWire(
  'RFC 9112 2.2',
  'A recipient of such a bare CR MUST consider that element to be invalid or replace each bare CR with SP before processing the element or forwarding the message.',
);
const requestLine = onTheWire(
  'RFC 9112 3',
  'Recipients of an invalid request-line SHOULD respond with either a 400 (Bad Request) error or a 301 (Moved Permanently) redirect with the request-target properly encoded.',
);
const colon = onTheWire(
  'RFC 9112 5.1',
  'A server MUST reject, with a response status code of 400 (Bad Request), any received request message that contains whitespace between a header field name and colon.',
);
const fold = onTheWire(
  'RFC 9112 5.2',
  'A server that receives an obs-fold in a request message that is not within a "message/http" container MUST either reject the message by sending a 400 (Bad Request)',
);
const nul = onTheWire(
  'RFC 9110 5.5',
  'a recipient of CR, LF, or NUL within a field value MUST either reject the message or replace each of those characters with SP before further processing or forwarding of that message.',
);
const coding = onTheWire(
  'RFC 9112 6.1',
  'A server that receives a request message with a transfer coding it does not understand SHOULD respond with 501 (Not Implemented).',
);
const both = onTheWire(
  'RFC 9112 6.3',
  'Such a message might indicate an attempt to perform request smuggling (...) or response splitting (...) and ought to be handled as an error.',
);
const oldCoding = onTheWire(
  'RFC 9112 6.1',
  'A server or client that receives an HTTP/1.0 message containing a Transfer-Encoding header field MUST treat the message as if the framing is faulty, even if a Content-Length is present, and close the connection after processing the message.',
);
const length = onTheWire(
  'RFC 9112 6.3',
  'If a message is received without Transfer-Encoding and with an invalid Content-Length header field, then the message framing is invalid and the recipient MUST treat it as an unrecoverable error',
);
const noBody = onTheWire(
  'RFC 9112 6.3',
  'If this is a request message and none of the above are true, then the message body length is zero (no message body is present).',
);
const decodes = onTheWire('RFC 9112 7.1', 'A recipient MUST be able to parse and decode the chunked transfer coding.');
const extensions = onTheWire('RFC 9112 7.1.1', 'A recipient MUST ignore unrecognized chunk extensions.');
const numerals = onTheWire(
  'RFC 9112 7.1',
  'recipients MUST anticipate potentially large hexadecimal numerals and prevent parsing errors due to integer conversion overflows or precision loss due to integer representation.',
);
const trailers = onTheWire(
  'RFC 9110 6.5.1',
  'A recipient MUST NOT merge a trailer field into a header section unless the recipient understands the corresponding header field definition',
);
const closes = onTheWire(
  'RFC 9112 9.6',
  'A server that receives a "close" connection option MUST initiate closure of the connection (see below) after it sends the final response to the request that contained the "close" connection option.',
);
const pipelined = onTheWire(
  'RFC 9112 9.3.2',
  'A server MAY process a sequence of pipelined requests in parallel if they all have safe methods (...), but it MUST send the corresponding responses in the same order that the requests were received.',
);
const unknown = onTheWire(
  'RFC 9110 9.1',
  'An origin server that receives a request method that is unrecognized or not implemented SHOULD respond with the 501 (Not Implemented) status code.',
);
const through = onTheWire(
  'RFC 9111 4',
  'A cache MUST write through requests with methods that are unsafe (...) to the origin server;',
);
const star = onTheWire(
  'RFC 9110 9.3.7',
  'An OPTIONS request with an asterisk ("*") as the request target (...) applies to the server in general rather than to a specific resource.',
);
const octets = onTheWire(
  'RFC 9110 5.5',
  'A recipient SHOULD treat other allowed octets in field content (i.e., obs-text) as opaque data.',
);
const major = onTheWire(
  'RFC 9110 2.5',
  "A server can send a 505 (HTTP Version Not Supported) response if it wishes, for any reason, to refuse service of the client's major protocol version.",
);

const HOST = 'Host: penstock\r\n';
const CHUNKED = `${HOST}Transfer-Encoding: chunked\r\n`;

function post(lines: string, body: string, version?: string): ReturnType<typeof ask> {
  return ask(lines, { method: 'POST', body, ...(version === undefined ? {} : { version }) });
}

export const cases: readonly WireCase[] = [
  host('none', [ask('')], { statuses: [400] }),
  host('two', [ask(`${HOST}Host: other\r\n`)], { statuses: [400] }),
  host('two that are the same', [ask(HOST + HOST)], { statuses: [400] }),
  host('with user information', [ask('Host: user@penstock\r\n')], { statuses: [400] }),
  host('with a path', [ask('Host: penstock/x\r\n')], { statuses: [400] }),
  host(
    'with a path, from one whose like was answered from the store',
    [ask(HOST), ask(HOST), ask(HOST), ask('Host: penstock/x\r\n')],
    { statuses: [200, 200, 200, 400], calls: 1 },
    'HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 2\r\n\r\nok',
  ),
  host('HTTP/1.0 needs none', [ask('', { version: '1.0' })], { statuses: [200] }),
  absolute(
    'the Host is another',
    [({ path, declared }) => `GET http://${declared}${path.slice('/wire'.length)} HTTP/1.1\r\nHost: other\r\n\r\n`],
    { statuses: [200], seen: { fields: { Host: /^127\.0\.0\.1:/ } } },
  ),
  absolute(
    'the Host is a declared one, the target is not',
    [({ declared }) => `GET http://other.example/x HTTP/1.1\r\nHost: ${declared}\r\n\r\n`],
    { statuses: [403] },
  ),
  empty('two of them', [(place) => `\r\n\r\n${ask(HOST)(place)}`], { statuses: [200] }),
  leading('a field', [ask(` X-Odd: 1\r\n${HOST}`)], { statuses: [400] }),
  bareCr('in a field', [ask(`${HOST}X-Odd: a\rb\r\n`)], { statuses: [400] }),
  requestLine('no version', [({ path }) => `GET ${path} what\r\n${HOST}\r\n`], { statuses: [400] }),
  requestLine('no HTTP at all', ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'], { statuses: [400] }),
  requestLine('a space in the target', [`GET /wire/a b HTTP/1.1\r\n${HOST}\r\n`], { statuses: [400] }),
  colon('a space', [ask(`${HOST}X-Odd : 1\r\n`)], { statuses: [400] }),
  colon('before Content-Length', [post(`${HOST}Content-Length : 3\r\n`, 'abc')], { statuses: [400] }),
  fold('of a field', [ask(`${HOST}X-Odd: a\r\n b\r\n`)], { statuses: [400] }),
  nul('NUL', [ask(`${HOST}X-Odd: a\x00b\r\n`)], { statuses: [400] }),
  coding('gzip under chunked', [post(`${HOST}Transfer-Encoding: gzip, chunked\r\n`, '3\r\nabc\r\n0\r\n\r\n')], {
    statuses: [501],
  }),
  ...['xchunked', 'chunked, chunked', 'chunked, gzip', 'identity'].map((value) =>
    coding(`"${value}" is faulty framing`, [post(`${HOST}Transfer-Encoding: ${value}\r\n`, '0\r\n\r\n')], {
      statuses: [400],
      closes: true,
    }),
  ),
  both('Content-Length first', [post(`${HOST}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n`, '0\r\n\r\n')], {
    statuses: [400],
    closes: true,
  }),
  both('Transfer-Encoding first', [post(`${CHUNKED}Content-Length: 5\r\n`, '0\r\n\r\n')], {
    statuses: [400],
    closes: true,
  }),
  oldCoding('a chunked POST', [post(CHUNKED, '0\r\n\r\n', '1.0')], { statuses: [400], closes: true }),
  ...['+3', '-3', '0x3', '3;', '3, 4', '"3"'].map((value) =>
    length(`"${value}"`, [post(`${HOST}Content-Length: ${value}\r\n`, 'abc')], { statuses: [400], closes: true }),
  ),
  length('two that differ', [post(`${HOST}Content-Length: 3\r\nContent-Length: 4\r\n`, 'abcd')], {
    statuses: [400],
    closes: true,
  }),
  noBody('a POST', [post(HOST, '')], { statuses: [200], seen: { body: '' } }),
  decodes('two chunks', [post(CHUNKED, '3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n')], {
    statuses: [200],
    seen: { body: 'abc0123456789' },
  }),
  decodes('every octet', [post(CHUNKED, '4\r\n\x00\xff\r\n\r\n0\r\n\r\n')], {
    statuses: [200],
    seen: { body: '\x00\xff\r\n' },
  }),
  decodes('the next request is read after it', [post(CHUNKED, '0\r\n\r\n'), ask(HOST)], {
    statuses: [200, 200],
    calls: 2,
  }),
  extensions('one with a quoted value', [post(CHUNKED, '3;a=1;b="x;y"\r\nabc\r\n0;c\r\n\r\n')], {
    statuses: [200],
    seen: { body: 'abc' },
  }),
  ...['zz', '-1', '0x3', 'fffffffffffffffff'].map((size) =>
    numerals(`a chunk of "${size}"`, [post(CHUNKED, `${size}\r\nabc\r\n0\r\n\r\n`)], { statuses: [400], closes: true }),
  ),
  trailers('of a request', [post(`${CHUNKED}Trailer: X-Odd\r\n`, '3\r\nabc\r\n0\r\nX-Odd: 1\r\n\r\n')], {
    statuses: [200],
    seen: { body: 'abc', fields: { 'X-Odd': null, Trailer: null } },
  }),
  closes('after a GET', [ask(`${HOST}Connection: close\r\n`)], { statuses: [200], closes: true }),
  closes('HTTP/1.0 says it by saying nothing', [ask(HOST, { version: '1.0' })], { statuses: [200], closes: true }),
  closes('without it, it stays open', [ask(HOST)], { statuses: [200], closes: false }),
  closes('HTTP/1.0 with keep-alive stays open', [ask(`${HOST}Connection: keep-alive\r\n`, { version: '1.0' })], {
    statuses: [200],
    closes: false,
  }),
  pipelined('two GETs, one of them refused', [(place) => ask(HOST)(place) + `GET /nobody HTTP/1.1\r\n${HOST}\r\n`], {
    statuses: [200, 404],
    calls: 1,
  }),
  ...['FROBNICATE', 'get', 'X-1.~'].map((method) =>
    through(method, [ask(HOST, { method }), ask(HOST), ask(`${HOST}Content-Length: 3\r\n`, { method, body: 'abc' })], {
      statuses: [200, 200, 200],
      calls: 3,
      seen: { method: new RegExp(`^${method}$`), body: 'abc' },
    }),
  ),
  unknown('behind another request', [(place) => ask(HOST)(place) + ask(HOST, { method: 'FROB' })(place)], {
    statuses: [200, 501],
    calls: 1,
    closes: true,
  }),
  star('it is answered here', [`OPTIONS * HTTP/1.1\r\n${HOST}\r\n`], {
    statuses: [204],
    calls: 0,
    fields: { Allow: /GET/ },
  }),
  octets('of a request', [ask(`${HOST}X-Odd: caf\xe9 \xff\r\n`)], {
    statuses: [200],
    seen: { fields: { 'X-Odd': /^caf\xe9 \xff$/ } },
  }),
  major('2.0', [ask(HOST, { version: '2.0' })], { statuses: [505] }),
];
