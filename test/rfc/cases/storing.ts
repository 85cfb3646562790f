import type { RfcCase } from '../case.js';
import { ASKED, asking, by, maxAge, ours, says, sentence, STORED } from '../exchanges.js';
import { at } from '../times.js';

const DAYS = 86_400;
/** Enough for a heuristic, where one is allowed. */
const LONG_UNCHANGED = { 'Last-Modified': at(-100 * DAYS) };

const method = sentence(
  'RFC 9111 3',
  'A cache MUST NOT store a response to a request unless: the request method is understood by the cache;',
);
const final = sentence('RFC 9111 3', 'the response status code is final');
const understood = sentence(
  'RFC 9111 3',
  'if the response status code is 206 or 304, or the must-understand cache directive (...) is present: the cache understands the response status code;',
);
const noStore = sentence('RFC 9111 3', 'the no-store cache directive is not present in the response');
const notPrivate = sentence(
  'RFC 9111 3',
  'if the cache is shared: the private response directive is either not present or allows a shared cache to store a modified response',
);
const oneOf = (says: string): ReturnType<typeof sentence> =>
  sentence('RFC 9111 3', `the response contains at least one of the following: (...) ${says}`);
const heuristically = oneOf('a status code that is defined as heuristically cacheable');

const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'REPORT'];
const HEURISTIC = [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501];
const NOT_HEURISTIC = [201, 202, 302, 303, 307, 400, 401, 403, 418, 500, 502, 504];
const EXPLICIT = [201, 203, 204, 300, 301, 302, 303, 307, 308, 400, 403, 404, 405, 410, 414, 418, 500, 501, 502];

export const cases: readonly RfcCase[] = [
  ...METHODS.map((name) =>
    method(
      `an answer to ${name} answers no other ${name}`,
      asking({ method: name }, says(maxAge(60))),
      asking({ method: name }, ASKED),
    ),
  ),
  ...METHODS.map((name) =>
    method(`an answer to ${name} answers no GET`, asking({ method: name }, says(maxAge(60))), ASKED),
  ),
  final('the 103 before it is not what is stored', says(maxAge(60), { earlyHint: '</a.css>; rel=preload' }), STORED),
  understood('206 for a part', by({ Range: 'bytes=0-3' }, says(partial(), { status: 206 })), ASKED),
  understood('304 that nobody asked for', says(maxAge(60), { status: 304 }), ASKED),
  understood('must-understand and a status that we know', says(understand()), STORED),
  understood('must-understand and a status that nobody knows', says(understand(), { status: 499 }), ASKED),
  noStore('no-store beside max-age', says({ 'Cache-Control': 'no-store, max-age=60' }), ASKED),
  noStore('no-store beside Expires', says({ 'Cache-Control': 'no-store', Expires: at(60) }), ASKED),
  notPrivate('private beside max-age', says({ 'Cache-Control': 'private, max-age=60' }), ASKED),
  notPrivate('private of one field', says({ 'Cache-Control': 'private="x-a", max-age=60', 'X-A': '1' }), STORED),
  oneOf('a max-age response directive')('max-age alone', says(maxAge(60)), STORED),
  oneOf('an s-maxage response directive')('s-maxage alone', says({ 'Cache-Control': 's-maxage=60' }), STORED),
  oneOf('an Expires header field')('Expires alone', says({ Expires: at(60) }), STORED),
  oneOf('a public response directive')(
    'public, of a status that is not heuristically cacheable',
    says({ ...LONG_UNCHANGED, 'Cache-Control': 'public' }, { status: 302 }),
    STORED,
  ),
  ...HEURISTIC.map((status) => heuristically(`${status} is`, says(LONG_UNCHANGED, { status }), STORED)),
  ...NOT_HEURISTIC.map((status) => heuristically(`${status} is not`, says(LONG_UNCHANGED, { status }), ASKED)),
  ...EXPLICIT.map((status) =>
    ours(oneOf('a max-age response directive')(`on a ${status}`, says(maxAge(60), { status }), STORED)),
  ),
  heuristically('200 without anything to go by is not fresh', says(), ASKED),
];

function understand(): { 'Cache-Control': string } {
  return { 'Cache-Control': 'must-understand, no-store, max-age=60' };
}

function partial(): { 'Cache-Control': string; 'Content-Range': string } {
  return { ...{ 'Cache-Control': 'max-age=60' }, 'Content-Range': 'bytes 0-3/100' };
}
