import type { Exchange, Match, RfcCase } from '../case.js';
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
  validated,
} from '../exchanges.js';

const hit = sentence(
  'RFC 9211 2.1',
  'the request was satisfied by the cache; that is, it was not forwarded, and the response was obtained from the cache.',
);
const modifiedHit = sentence(
  'RFC 9211 2.1',
  'A response that was originally produced by the origin but was modified by the cache (for example, a 304 or 206 status code) is still considered a hit, as long as it did not go forward',
);
const exclusive = sentence(
  'RFC 9211 2.1',
  '"hit" and "fwd" are exclusive; only one of them should appear on each list member.',
);
const reason = sentence(
  'RFC 9211 2.2',
  '"fwd", when present, indicates that the request went forward towards the origin; its value is a Token that indicates why.',
);
const status = sentence(
  'RFC 9211 2.3',
  'The value of "fwd-status" is an Integer that indicates which status code (...) the next-hop server returned in response to the forwarded request.',
);
const ttl = sentence(
  'RFC 9211 2.4',
  'The value of "ttl" is an Integer that indicates the response\'s remaining freshness lifetime',
);
const negative = sentence('RFC 9211 2.4', 'It may be negative, to indicate staleness.');
const stored = sentence(
  'RFC 9211 2.5',
  'The value of "stored" is a Boolean that indicates whether the cache stored the response',
);
const own = sentence(
  'RFC 9211 2',
  'An intermediary SHOULD NOT append a Cache-Status member to responses that it generates locally, even if that intermediary contains a cache, unless the generated response is based upon a stored response',
);
const preserved = sentence(
  'RFC 9211 2',
  'When adding a value to the Cache-Status header field, caches SHOULD preserve the existing field value, to allow debugging of the entire chain of caches handling the request.',
);
const throttled = sentence('RFC 6585 4', 'Responses with the 429 status code MUST NOT be stored by a cache.');

const tells = (match: Match, exchange: Exchange): Exchange =>
  expecting({ fields: { 'Cache-Status': match } }, exchange);
const VARIES = { ...maxAge(60), Vary: 'X-Choice' };
const STALE = { ...maxAge(5), Age: '10', ETag: '"1"' };
const cc = (value: string): { 'Cache-Control': string } => ({ 'Cache-Control': value });

const all: readonly RfcCase[] = [
  hit('an answer from the store', says(maxAge(60)), tells(/^penstock; hit; ttl=\d+$/, STORED)),
  hit('HEAD from the store', says(maxAge(60)), asking({ method: 'HEAD' }, tells(/^penstock; hit/, STORED))),
  modifiedHit(
    '304',
    says({ ...maxAge(60), ETag: '"1"' }),
    by({ 'If-None-Match': '"1"' }, tells(/^penstock; hit/, expecting({ status: 304, body: '' }, STORED))),
  ),
  exclusive('of a hit', says(maxAge(60)), tells(without('fwd'), STORED)),
  exclusive('of a miss', tells(without('hit'), says(maxAge(60)))),
  exclusive('of a validation', says(STALE), tells(without('hit'), validated())),
  reason('uri-miss', tells(/^penstock; fwd=uri-miss/, ASKED)),
  reason('vary-miss', by({ 'X-Choice': 'a' }, says(VARIES)), by({ 'X-Choice': 'b' }, tells(/; fwd=vary-miss/, ASKED))),
  reason('stale', says(STALE), tells(/; fwd=stale/, ASKED)),
  reason('request, for no-cache', says(maxAge(60)), by(cc('no-cache'), tells(/; fwd=request/, ASKED))),
  reason(
    'request, for max-age',
    says({ ...maxAge(60), Age: '30' }),
    by(cc('max-age=10'), tells(/; fwd=request/, ASKED)),
  ),
  reason('method, for POST', asking({ method: 'POST' }, tells(/; fwd=method/, ASKED))),
  reason('method, for OPTIONS', asking({ method: 'OPTIONS' }, tells(/; fwd=method/, ASKED))),
  reason('stale, for HEAD', says(STALE), asking({ method: 'HEAD' }, tells(/; fwd=stale/, ASKED))),
  reason(
    'request, for HEAD with no-cache',
    says(maxAge(60)),
    asking({ method: 'HEAD', fields: cc('no-cache') }, tells(/; fwd=request/, ASKED)),
  ),
  reason('uri-miss, for HEAD', asking({ method: 'HEAD' }, tells(/; fwd=uri-miss/, ASKED))),
  reason(
    'request, for If-Match',
    says(maxAge(60)),
    by({ 'If-Match': '"1"' }, tells(/; fwd=(?:request|bypass)/, ASKED)),
  ),
  status('200', tells(/; fwd-status=200/, says())),
  status('404', tells(/; fwd-status=404/, says({}, { status: 404 }))),
  status('304, where the client gets 200', says(STALE), tells(/; fwd-status=304/, validated())),
  status('500, where the client gets what is stored', says({ ...STALE, ...cc('max-age=5, stale-if-error=600') }), {
    answer: { status: 500 },
    expect: { from: 'kept', status: 200, fields: { 'Cache-Status': /^penstock; fwd=stale; fwd-status=500/ } },
  }),
  ttl('the whole of it', says(maxAge(60)), tells(/; ttl=(?:60|59|58)\b/, STORED)),
  ttl('what is left of it', says({ ...maxAge(60), Age: '30' }), tells(/; ttl=(?:30|29|28|27)\b/, STORED)),
  ttl('by heuristics', says({ 'Last-Modified': 'Sat, 01 Nov 2025 10:00:00 GMT' }), tells(/; ttl=\d{4,}/, STORED)),
  negative('max-stale', says(STALE), by(cc('max-stale=600'), tells(/; hit; ttl=-[5-9]\b/, STORED))),
  negative(
    'stale-while-revalidate',
    says({ ...STALE, ...cc('max-age=5, stale-while-revalidate=600') }),
    tells(/; hit; ttl=-[5-9]\b/, expecting({ background: true }, STORED)),
  ),
  stored('it was', tells(/; stored/, says(maxAge(60)))),
  stored('it was not', tells(without('stored'), says(cc('no-store')))),
  stored('it was not, for the client said so', by(cc('no-store'), tells(without('stored'), says(maxAge(60))))),
  stored('it was, renewed', says(STALE), tells(/; stored/, validated(maxAge(60)))),
  own('only-if-cached', by(cc('only-if-cached'), tells(null, refused(504)))),
  preserved(
    'of a miss',
    tells(/^ExampleCache; hit, penstock; fwd=uri-miss/, says({ ...maxAge(60), 'Cache-Status': 'ExampleCache; hit' })),
  ),
  preserved(
    'of a hit',
    says({ ...maxAge(60), 'Cache-Status': 'ExampleCache; hit' }),
    tells(/^ExampleCache; hit, penstock; hit/, STORED),
  ),
  {
    ...throttled(
      'with max-age',
      {
        answer: { status: 429, fields: { ...maxAge(60), 'Retry-After': '1' } },
        then: [{ fields: cc('no-store') }],
        expect: { from: 'upstream', calls: 2 },
      },
      ASKED,
    ),
    alone: true,
  },
  {
    ...throttled(
      'the answer to a write goes back and is not stored',
      asking({ method: 'POST', body: 'x' }, says({ ...maxAge(60), 'Retry-After': '1' }, { status: 429 })),
      ASKED,
    ),
    alone: true,
  },
];

function without(parameter: string): (value: string | undefined) => boolean {
  return (value) => value !== undefined && !value.includes(`; ${parameter}`);
}

export const cases: readonly RfcCase[] = all.map(ours);
