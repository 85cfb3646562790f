import { between, type Answer, type Exchange, type FieldsOf, type RfcCase } from '../case.js';
import { ASKED, asking, by, expecting, maxAge, says, sentence, STORED, validated } from '../exchanges.js';

const may = sentence(
  'RFC 5861 3',
  'caches MAY serve the response it appears in after it becomes stale, up to the indicated number of seconds.',
);
const revalidates = sentence(
  'RFC 5861 3',
  'the cache SHOULD attempt to revalidate it while still serving stale responses (i.e., without blocking).',
);
const noLonger = sentence(
  'RFC 5861 3',
  'If delta-seconds passes without the cached entity being revalidated, it SHOULD NOT continue to be served stale, absent other information.',
);
const onError = sentence(
  'RFC 5861 4',
  'when an error is encountered, a cached stale response MAY be used to satisfy the request, regardless of other freshness information.',
);
const errors = sentence(
  'RFC 5861 4',
  'an error is any situation which would result in a 500, 502, 503 or 504 HTTP response status code being returned.',
);
const ofRequest = sentence(
  'RFC 5861 4',
  'When used as a request Cache-Control extension, its scope of application is the request it appears in;',
);
const limit = sentence(
  'RFC 5861 4',
  'when the cached response is more stale than the indicated amount, the cached response SHOULD NOT be used to satisfy the request, absent other information.',
);
const visibly = sentence(
  'RFC 5861 4',
  'stale cached responses that are used SHOULD still be visibly stale when sent (i.e., have a non-zero Age header (...)',
);

const cc = (value: string): { 'Cache-Control': string } => ({ 'Cache-Control': value });
const REVALIDATING = { ...cc('max-age=5, stale-while-revalidate=600'), Age: '10', ETag: '"1"' };
const ON_ERROR = { ...cc('max-age=5, stale-if-error=600'), Age: '10', ETag: '"1"' };
const IN_BACKGROUND: Exchange = expecting({ background: true }, STORED);
/** The upstream fails, and the client gets what is stored. */
const kept = (status: number): Exchange => ({ answer: { status }, expect: { from: 'kept', status: 200 } });

const RENEWED: Answer = { status: 304, fields: { ...maxAge(60), 'X-News': '1' } };

/** What is stored is given, and then what was brought in the background. */
function meanwhile(fields: FieldsOf): Exchange[] {
  const answer = { fields, body: 'brought in the background' };
  return [
    { ...IN_BACKGROUND, answer },
    { answer, expect: { from: 'cache', body: answer.body, background: true }, until: true },
  ];
}

export const cases: readonly RfcCase[] = [
  may('it is', says(REVALIDATING), IN_BACKGROUND),
  may('its age is told', says(REVALIDATING), expecting({ background: true, fields: { Age: between(10, 14) } }, STORED)),
  may('HEAD', says(REVALIDATING), asking({ method: 'HEAD' }, IN_BACKGROUND)),
  may(
    'not where it is prohibited',
    says({ ...REVALIDATING, ...cc('max-age=5, stale-while-revalidate=600, no-cache') }),
    validated(),
  ),
  may(
    'not with a value that is none',
    says({ ...REVALIDATING, ...cc('max-age=5, stale-while-revalidate=x') }),
    validated(),
  ),
  may('not with the value 0', says({ ...REVALIDATING, ...cc('max-age=5, stale-while-revalidate=0') }), validated()),
  revalidates('the next gets what was brought', says(REVALIDATING), ...meanwhile(maxAge(60))),
  revalidates(
    'or what was stored, renewed',
    says(REVALIDATING),
    { ...IN_BACKGROUND, answer: RENEWED },
    {
      answer: RENEWED,
      expect: { from: 'cache', of: 0, fields: { 'X-News': '1', Age: between(0, 2) }, background: true },
      until: true,
    },
  ),
  revalidates(
    'of a variant',
    by({ 'X-Choice': 'a' }, says({ ...REVALIDATING, Vary: 'X-Choice' })),
    ...meanwhile({ ...maxAge(60), Vary: 'X-Choice' }).map((exchange) => by({ 'X-Choice': 'a' }, exchange)),
  ),
  noLonger(
    'it is blocked',
    says({ ...cc('max-age=5, stale-while-revalidate=10'), Age: '20', ETag: '"1"' }),
    validated(),
  ),
  noLonger('and gets the answer', says({ ...cc('max-age=5, stale-while-revalidate=10'), Age: '20' }), ASKED),
  ...[500, 502, 503, 504].map((status) => onError(`${status}`, says(ON_ERROR), kept(status))),
  onError('the connection ends', says(ON_ERROR), { answer: { breaksOff: 'at-once' }, expect: { from: 'kept' } }),
  onError('the body ends', says(ON_ERROR), { answer: { breaksOff: 'in-the-body' }, expect: { from: 'kept' } }),
  onError('HEAD', says(ON_ERROR), asking({ method: 'HEAD' }, kept(503))),
  onError(
    'and the next time the upstream is asked again',
    says(ON_ERROR),
    kept(503),
    expecting({ of: 0 }, validated(maxAge(60))),
    STORED,
  ),
  onError('while it is fresh nobody is asked', says(cc('max-age=60, stale-if-error=600')), STORED),
  ...[404, 403, 410, 501].map((status) => errors(`not ${status}`, says(ON_ERROR), says({}, { status }))),
  errors('not a 304', says(ON_ERROR), validated()),
  {
    ...errors(
      'a 503 that we would say ourselves, since the upstream wants a pause',
      says(ON_ERROR),
      asking({ method: 'POST', path: '/else', body: 'x' }, says({ 'Retry-After': '60' }, { status: 429 })),
      expecting({ of: 0, fields: { 'Cache-Status': /; fwd=stale; detail=paused$/ } }, STORED),
    ),
    alone: true,
    only: 'penstock',
  },
  ofRequest('it allows it', says({ ...maxAge(5), Age: '10' }), by(cc('stale-if-error=600'), kept(500))),
  ofRequest(
    'and not to the next',
    says({ ...maxAge(5), Age: '10' }),
    by(cc('stale-if-error=600'), kept(500)),
    says({}, { status: 500 }),
  ),
  ofRequest(
    'within its limit',
    says({ ...maxAge(5), Age: '100' }),
    by(cc('stale-if-error=10'), says({}, { status: 500 })),
  ),
  limit('it is told the error', says({ ...cc('max-age=5, stale-if-error=10'), Age: '100' }), says({}, { status: 500 })),
  limit('the connection ends', says({ ...cc('max-age=5, stale-if-error=10'), Age: '100' }), {
    answer: { breaksOff: 'at-once' },
    expect: { from: 'failure', status: 502 },
  }),
  visibly('after an error', says(ON_ERROR), expecting({ fields: { Age: between(10, 14) } }, kept(500))),
  limit('stale-if-error alone makes nothing fresh', says(cc('stale-if-error=600')), ASKED),
];
