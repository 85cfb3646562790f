import type { RfcCase } from '../case.js';
import { asking, by, expecting, maxAge, ours, says, sentence, storedWith, validated } from '../exchanges.js';

const matching = sentence(
  'RFC 9111 4.1',
  'the cache MUST NOT use that stored response without revalidation unless all the presented request header fields nominated by that Vary field value match those fields in the original request (i.e., the request that caused the cached response to be stored).',
);
const listed = sentence(
  'RFC 9110 12.5.3',
  "If the representation's content coding is one of the content codings listed in the Accept-Encoding field value, then it is acceptable unless it is accompanied by a qvalue of 0.",
);
const star = sentence(
  'RFC 9110 12.5.3',
  'The asterisk "*" symbol in an Accept-Encoding field matches any available content coding not explicitly listed in the field.',
);
const alias = sentence('RFC 9110 8.4.1.3', 'A recipient SHOULD consider "x-gzip" to be equivalent to "gzip".');
const without = sentence(
  'RFC 9110 12.5.3',
  'If the representation has no content coding, then it is acceptable by default unless specifically excluded by the Accept-Encoding header field',
);
const noTransform = sentence(
  'RFC 9110 7.7',
  'A proxy MUST NOT transform the content (...) of a response message that contains a no-transform cache directive',
);
const excluded = sentence(
  'RFC 9111 3.2',
  'the cache MUST add each header field in the provided response to the stored response, replacing field values that are already present',
);

/** Bytes that nobody has to undo: what is asked is always whether they are handed on as they are. */
const GZIP = { ...maxAge(60), 'Content-Encoding': 'gzip' };
const TAKES = { 'Accept-Encoding': 'gzip' };
const AS_IT_CAME = storedWith({ 'Content-Encoding': 'gzip' });

export const cases: readonly RfcCase[] = [
  ...['gzip', 'GZIP', 'br, gzip', 'deflate;q=0.2, gzip;q=0.1', 'gzip ; q=1.0'].map((value) =>
    ours(listed(`"${value}"`, by(TAKES, says(GZIP)), by({ 'Accept-Encoding': value }, AS_IT_CAME))),
  ),
  ...['*', 'br, *;q=0.1', 'identity;q=0, *'].map((value) =>
    ours(star(`"${value}"`, by(TAKES, says(GZIP)), by({ 'Accept-Encoding': value }, AS_IT_CAME))),
  ),
  ours(alias('of a request', by(TAKES, says(GZIP)), by({ 'Accept-Encoding': 'x-gzip' }, AS_IT_CAME))),
  ours(
    alias(
      'of a response',
      by(TAKES, says({ ...maxAge(60), 'Content-Encoding': 'x-gzip' })),
      by(TAKES, storedWith({ 'Content-Encoding': 'x-gzip' })),
    ),
  ),
  ...['gzip', 'identity', 'br;q=0.5', ''].map((value) =>
    ours(
      without(
        `"${value}" gets what is stored in none`,
        says({ ...maxAge(60), Vary: 'Accept-Encoding' }),
        by({ 'Accept-Encoding': value }, storedWith({ 'Content-Encoding': null, Vary: 'Accept-Encoding' })),
      ),
    ),
  ),
  ours(
    matching(
      'Accept-Encoding: the upstream is asked with one that is ours',
      by(
        { 'Accept-Encoding': 'x-odd, gzip' },
        expecting({ seen: { 'Accept-Encoding': /^gzip, br/ } }, says({ ...GZIP, Vary: 'Accept-Encoding' })),
      ),
      by({ 'Accept-Encoding': 'gzip' }, AS_IT_CAME),
    ),
  ),
  ours(
    matching(
      'Accept-Encoding beside another',
      by({ ...TAKES, 'X-Choice': 'a' }, says({ ...GZIP, Vary: 'Accept-Encoding, X-Choice' })),
      by({ ...TAKES, 'X-Choice': 'b' }, says({ ...GZIP, Vary: 'Accept-Encoding, X-Choice' })),
      by({ 'Accept-Encoding': 'gzip, br', 'X-Choice': 'a' }, expecting({ of: 0 }, AS_IT_CAME)),
    ),
  ),
  ours(
    noTransform(
      'a client that does not take the coding is passed on to the upstream',
      by(TAKES, says({ ...GZIP, 'Cache-Control': 'max-age=60, no-transform' })),
      by({ 'Accept-Encoding': 'br' }, expecting({ seen: { 'Accept-Encoding': 'br' } }, says({}))),
      by(TAKES, expecting({ of: 0 }, AS_IT_CAME)),
    ),
  ),
  ours(
    excluded(
      'what is coded stays so after a 304',
      by(TAKES, says({ 'Cache-Control': 'max-age=5', Age: '10', 'Content-Encoding': 'gzip', ETag: '"1"' })),
      by(TAKES, validated(maxAge(60), { fields: { 'Content-Encoding': 'gzip', Vary: /accept-encoding/i } })),
      by(TAKES, storedWith({ 'Content-Encoding': 'gzip', 'X-News': null })),
    ),
  ),
  ours(
    listed(
      'a HEAD tells of the coded bytes',
      by(TAKES, says(GZIP, { body: '0123456789' })),
      asking({ method: 'HEAD', fields: TAKES }, storedWith({ 'Content-Encoding': 'gzip', 'Content-Length': '10' })),
    ),
  ),
];
