import type { RfcCase } from '../case.js';
import { ASKED, asking, by, expecting, maxAge, says, sentence, STORED, storedWith, validated } from '../exchanges.js';

const all = sentence(
  'RFC 9111 3.1',
  'Caches MUST include all received response header fields — including unrecognized ones — when storing a response;',
);
const connection = sentence(
  'RFC 9111 3.1',
  'The Connection header field and fields whose names are listed in it are required by Section 7.6.1 of [HTTP] to be removed before forwarding the message.',
);
const otherHops = sentence(
  'RFC 9111 3.1',
  "Likewise, some fields' semantics require them to be removed before forwarding the message",
);
const arguments_ = sentence(
  'RFC 9111 3.1',
  'The no-cache (...) and private (...) cache directives can have arguments that prevent storage of header fields by all caches and shared caches, respectively.',
);
const proxy = sentence(
  'RFC 9111 3.1',
  'Header fields that are specific to the proxy that a cache uses when forwarding a request MUST NOT be stored, unless the cache incorporates the identity of the proxy into the cache key.',
);
const update = sentence(
  'RFC 9111 3.2',
  'the cache MUST add each header field in the provided response to the stored response, replacing field values that are already present, with the following exceptions:',
);
const incomplete = sentence(
  'RFC 9111 3.3',
  'A cache MUST NOT use an incomplete response to answer requests unless the response has been made complete',
);
const partial = sentence(
  'RFC 9111 3.3',
  'A cache MUST NOT send a partial response to a client without explicitly marking it using the 206 (Partial Content) status code.',
);

/** Stale at once, to be validated. */
const STALE = { 'Cache-Control': 'max-age=0', ETag: '"1"' };

export const cases: readonly RfcCase[] = [
  all(
    'one that nobody knows',
    says({ ...maxAge(60), 'X-Unheard-Of': 'a "b"; c=1' }),
    storedWith({ 'X-Unheard-Of': 'a "b"; c=1' }),
  ),
  all('two lines of one name', says({ ...maxAge(60), 'X-Twice': ['a', 'b'] }), storedWith({ 'X-Twice': 'a, b' })),
  all('an empty value', says({ ...maxAge(60), 'X-Empty': '' }), storedWith({ 'X-Empty': '' })),
  ...[
    'Content-Type',
    'Content-Language',
    'Content-Disposition',
    'Link',
    'ETag',
    'Last-Modified',
    'Content-Location',
    'Vary',
  ].map((name) => all(name, says({ ...maxAge(60), [name]: valueOf(name) }), storedWith({ [name]: valueOf(name) }))),
  connection(
    'X-Hop',
    expecting({ fields: { 'X-Hop': null } }, says({ ...maxAge(60), Connection: 'x-hop', 'X-Hop': '1' })),
    storedWith({ 'X-Hop': null }),
  ),
  connection(
    'one of several, in another case',
    says({ ...maxAge(60), Connection: 'close, X-hop', 'X-Hop': '1', 'X-End': '2' }),
    storedWith({ 'X-Hop': null, 'X-End': '2' }),
  ),
  ...['Keep-Alive', 'Proxy-Connection', 'TE', 'Upgrade'].map((name) =>
    otherHops(
      name,
      expecting({ fields: { [name]: not('a-value') } }, says({ ...maxAge(60), [name]: 'a-value' })),
      storedWith({ [name]: not('a-value') }),
    ),
  ),
  arguments_(
    'no-cache="x-a"',
    says({ 'Cache-Control': 'max-age=60, no-cache="x-a"', 'X-A': '1', 'X-B': '2' }),
    storedWith({ 'X-A': null, 'X-B': '2' }),
  ),
  arguments_(
    'no-cache="x-a, x-b"',
    says({ 'Cache-Control': 'max-age=60, no-cache="x-a, X-B"', 'X-A': '1', 'X-B': '2' }),
    storedWith({ 'X-A': null, 'X-B': null }),
  ),
  arguments_(
    'private="x-a"',
    says({ 'Cache-Control': 'max-age=60, private="x-a"', 'X-A': '1', 'X-B': '2' }),
    storedWith({ 'X-A': null, 'X-B': '2' }),
  ),
  arguments_(
    'private="set-cookie"',
    says({ 'Cache-Control': 'max-age=60, private="set-cookie"', 'Set-Cookie': 'a=b' }),
    storedWith({ 'Set-Cookie': null }),
  ),
  ...['Proxy-Authenticate', 'Proxy-Authentication-Info', 'Proxy-Authorization'].map((name) =>
    proxy(name, says({ ...maxAge(60), [name]: 'Basic realm="x"' }), storedWith({ [name]: null })),
  ),
  update(
    'a field that was not there',
    says(STALE),
    validated({ ...maxAge(60), 'X-News': '1' }, { fields: { 'X-News': '1' } }),
    storedWith({ 'X-News': '1' }),
  ),
  update(
    'a field that was there',
    says({ ...STALE, 'X-A': 'old' }),
    validated({ ...maxAge(60), 'X-A': 'latest' }, { fields: { 'X-A': 'latest' } }),
    storedWith({ 'X-A': 'latest' }),
  ),
  update(
    'all lines of it at once',
    says({ ...STALE, 'X-A': ['1', '2', '3'] }),
    validated({ ...maxAge(60), 'X-A': ['4', '5'] }, { fields: { 'X-A': '4, 5' } }),
    storedWith({ 'X-A': '4, 5' }),
  ),
  update(
    'what the 304 does not name stays',
    says({ ...STALE, 'X-A': 'kept' }),
    validated(maxAge(60), { fields: { 'X-A': 'kept', ETag: '"1"' } }),
    storedWith({ 'X-A': 'kept', ETag: '"1"' }),
  ),
  update(
    'Content-Type',
    says({ ...STALE, 'Content-Type': 'text/plain' }),
    validated({ ...maxAge(60), 'Content-Type': 'text/html' }, { fields: { 'Content-Type': 'text/html' } }),
    storedWith({ 'Content-Type': 'text/html' }),
  ),
  update(
    'not: fields that the Connection of the 304 names',
    says(STALE),
    validated({ ...maxAge(60), Connection: 'x-hop', 'X-Hop': '1' }, { fields: { 'X-Hop': null } }),
    storedWith({ 'X-Hop': null }),
  ),
  update(
    'not: the Content-Length of the 304',
    says(STALE, { body: '0123456789' }),
    validated({ ...maxAge(60), 'Content-Length': '999' }, { fields: { 'Content-Length': '10' } }),
    storedWith({ 'Content-Length': '10' }),
  ),
  update(
    'not: the Content-Encoding of the 304',
    says({ ...STALE, 'Content-Type': 'text/plain' }),
    validated({ ...maxAge(60), 'Content-Encoding': 'gzip' }, { fields: { 'Content-Encoding': null } }),
    storedWith({ 'Content-Encoding': null }),
  ),
  incomplete(
    'the connection ended in the body',
    { answer: { fields: maxAge(60), breaksOff: 'in-the-body' }, expect: { from: 'failure', status: 502 } },
    ASKED,
  ),
  partial('after a range that was asked for', by({ Range: 'bytes=0-3' }, expecting({ body: 'abcd' }, part())), ASKED),
  partial(
    'after two ranges that make up the whole',
    by({ Range: 'bytes=0-3' }, expecting({ body: 'abcd' }, part())),
    asking({ fields: { Range: 'bytes=4-7' } }, expecting({ body: 'efgh' }, part(4))),
    ASKED,
  ),
  incomplete('no answer at all is not stored', says({ ...maxAge(60) }, { status: 200, body: '' }), STORED),
];

function valueOf(name: string): string {
  if (name === 'Last-Modified') return 'Tue, 15 Nov 1994 12:45:26 GMT';
  if (name === 'ETag') return '"an-etag"';
  if (name === 'Vary') return 'X-Choice';
  return name === 'Content-Location' ? '/elsewhere' : `value-of-${name}`;
}

function not(value: string): (found: string | undefined) => boolean {
  return (found) => found !== value;
}

function part(from = 0): ReturnType<typeof says> {
  const fields = { ...maxAge(60), ETag: '"whole"', 'Content-Range': `bytes ${from}-${from + 3}/8` };
  return says(fields, { status: 206, body: 'abcdefgh'.slice(from, from + 4) });
}
