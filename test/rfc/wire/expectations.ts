import { ask, onTheWire, type WireCase } from './wire-case.js';

const wanted = onTheWire(
  'RFC 9110 10.1.1',
  'A server that sends a 100 (Continue) response MUST ultimately send a final status code, once it receives and processes the request content, unless the connection is closed prematurely.',
);
const refused = onTheWire(
  'RFC 9110 10.1.1',
  'A server that responds with a final status code before reading the entire request content SHOULD indicate whether it intends to close the connection (...) or continue reading the request content.',
);
const old = onTheWire(
  'RFC 9110 10.1.1',
  'A server that receives a 100-continue expectation in an HTTP/1.0 request MUST ignore that expectation.',
);
const others = onTheWire(
  'RFC 9110 10.1.1',
  'A server that receives an Expect field value containing a member other than 100-continue MAY respond with a 417 (Expectation Failed) status code',
);
const head = onTheWire(
  'RFC 9110 9.3.2',
  'The HEAD method is identical to GET except that the server MUST NOT send content in the response.',
);
const connect = onTheWire(
  'RFC 9110 15.5.6',
  "The origin server MUST generate an Allow header field in a 405 response containing a list of the target resource's currently supported methods.",
);

const HOST = 'Host: penstock\r\n';
const EXPECT = 'Expect: 100-continue\r\n';
const CLOSE = { Connection: /close/ };

export const cases: readonly WireCase[] = [
  wanted('the body comes after the 100', [ask(`${HOST}${EXPECT}Content-Length: 3\r\n`, { method: 'POST' }), 'abc'], {
    statuses: [100, 200],
    seen: { body: 'abc', fields: { Expect: null } },
    closes: false,
  }),
  wanted('in any case', [ask(`${HOST}Expect: 100-Continue\r\nContent-Length: 3\r\n`, { method: 'PUT' }), 'abc'], {
    statuses: [100, 200],
    seen: { body: 'abc' },
  }),
  wanted(
    'the body is no request, however much it looks like one',
    [
      ask(HOST),
      ask(HOST),
      (place) => {
        const get = ask(HOST)(place);
        return get + ask(`${HOST}${EXPECT}Content-Length: ${get.length}\r\n`, { method: 'POST' })(place);
      },
      ask(HOST),
    ],
    { statuses: [200, 200, 200, 100, 200], calls: 2 },
    'HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 2\r\n\r\nok',
  ),
  wanted(
    'a chunked body',
    [ask(`${HOST}${EXPECT}Transfer-Encoding: chunked\r\n`, { method: 'POST' }), '3\r\nabc\r\n0\r\n\r\n'],
    { statuses: [100, 200], seen: { body: 'abc' } },
  ),
  refused('nobody is there', [`POST /nobody HTTP/1.1\r\n${HOST}${EXPECT}Content-Length: 3\r\n\r\n`], {
    statuses: [404],
    fields: CLOSE,
    closes: true,
  }),
  refused('it is too large', [ask(`${HOST}${EXPECT}Content-Length: 99999999\r\n`, { method: 'POST' })], {
    statuses: [413],
    fields: CLOSE,
    closes: true,
  }),
  refused(
    'the host is not declared',
    [`POST http://other.example/ HTTP/1.1\r\n${HOST}${EXPECT}Content-Length: 3\r\n\r\n`],
    {
      statuses: [403],
      fields: CLOSE,
      closes: true,
    },
  ),
  old(
    'there is no 100',
    [ask(`${HOST}${EXPECT}Content-Length: 3\r\n`, { method: 'POST', version: '1.0', body: 'abc' })],
    {
      statuses: [200],
      seen: { body: 'abc' },
    },
  ),
  others('it is let pass', [ask(`${HOST}Expect: x-odd\r\n`)], { statuses: [200] }),
  head(
    'from the upstream, and the connection goes on',
    [ask(HOST, { method: 'HEAD' }), ask(HOST, { method: 'HEAD' })],
    { statuses: [200, 200], calls: 2, fields: { 'Content-Length': /^7$/ }, isHead: true },
    'HTTP/1.1 200 OK\r\nContent-Length: 7\r\nCache-Control: no-store\r\n\r\n',
  ),
  head('of an error that is ours', [`HEAD /nobody HTTP/1.1\r\n${HOST}\r\n`], {
    statuses: [404],
    isHead: true,
    closes: false,
  }),
  connect('CONNECT', [`CONNECT other.example:443 HTTP/1.1\r\n${HOST}\r\n`], {
    statuses: [405],
    fields: { Allow: /GET/ },
    closes: true,
  }),
];
