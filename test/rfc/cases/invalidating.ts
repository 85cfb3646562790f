import type { FieldsOf, RfcCase } from '../case.js';
import { ASKED, asking, by, expecting, maxAge, ours, says, sentence, STORED } from '../exchanges.js';
import { pathOf } from '../times.js';

const target = sentence(
  'RFC 9111 4.4',
  'A cache MUST invalidate the target URI (...) when it receives a non-error status code in response to an unsafe request method (including methods whose safety is unknown).',
);
const nonError = sentence(
  'RFC 9111 4.4',
  'A "non-error response" is one with a 2xx (Successful) or 3xx (Redirection) status code.',
);
const others = sentence(
  'RFC 9111 4.4',
  'the URI(s) in the Location and Content-Location response header fields (if present) are candidates for invalidation;',
);
const elsewhere = sentence(
  'RFC 9111 4.4',
  'a cache MUST NOT trigger an invalidation under these conditions if the origin (...) of the URI to be invalidated differs from that of the target URI',
);
const all = sentence(
  'RFC 9111 4.4',
  'the cache will either remove all stored responses whose target URI matches the given URI or mark them as "invalid" and in need of a mandatory validation before they can be sent in response to a subsequent request.',
);

const UNSAFE = ['POST', 'PUT', 'PATCH', 'DELETE', 'REPORT', 'PURGE', 'MKCOL'];
const SAFE = ['HEAD', 'OPTIONS'];
const VARIES = { ...maxAge(60), Vary: 'X-Choice' };

export const cases: readonly RfcCase[] = [
  ...UNSAFE.map((method) => target(method, says(maxAge(60)), asking({ method }, ASKED), ASKED)),
  ...SAFE.map((method) =>
    target(
      `not ${method}, which is safe`,
      says(maxAge(60)),
      asking({ method, path: '', fields: { 'Cache-Control': 'max-age=60' } }, method === 'HEAD' ? STORED : ASKED),
      expecting({ of: 0 }, STORED),
    ),
  ),
  target(
    'what answers a GET after it is stored again',
    says(maxAge(60)),
    asking({ method: 'POST' }, ASKED),
    says(maxAge(60)),
    STORED,
  ),
  target(
    'not another query of it',
    asking({ path: '?a=1' }, says(maxAge(60))),
    asking({ method: 'POST' }, ASKED),
    asking({ path: '?a=1' }, expecting({ of: 0 }, STORED)),
  ),
  target(
    'not a path below it',
    asking({ path: '/below' }, says(maxAge(60))),
    asking({ method: 'POST' }, ASKED),
    asking({ path: '/below' }, expecting({ of: 0 }, STORED)),
  ),
  ...[201, 202, 204, 299, 302, 303].map((status) =>
    nonError(`${status} to a POST`, says(maxAge(60)), asking({ method: 'POST' }, says({}, { status })), ASKED),
  ),
  ...[400, 404, 409].map((status) =>
    ours(
      nonError(
        `not ${status} to a PUT`,
        says(maxAge(60)),
        asking({ method: 'PUT' }, says({}, { status })),
        expecting({ of: 0 }, STORED),
      ),
    ),
  ),
  ours(others('Location', ...written({ Location: pathOf('/other') }), asking({ path: '/other' }, ASKED))),
  ours(
    others('Content-Location', ...written({ 'Content-Location': pathOf('/other') }), asking({ path: '/other' }, ASKED)),
  ),
  ours(others('a relative Location', ...written({ Location: relative }), asking({ path: '/other' }, ASKED))),
  elsewhere(
    'Location of another origin',
    ...written({ Location: pathOf('/other', 'http://other.example') }),
    asking({ path: '/other' }, expecting({ of: 0 }, STORED)),
  ),
  elsewhere(
    'Content-Location of another origin',
    ...written({ 'Content-Location': pathOf('/other', 'https://other.example') }),
    asking({ path: '/other' }, expecting({ of: 0 }, STORED)),
  ),
  all(
    'two variants of it',
    by({ 'X-Choice': 'a' }, says(VARIES)),
    by({ 'X-Choice': 'b' }, says(VARIES)),
    asking({ method: 'POST' }, ASKED),
    by({ 'X-Choice': 'a' }, ASKED),
    by({ 'X-Choice': 'b' }, ASKED),
  ),
  ours(
    all(
      'what it answered to others',
      by({ Authorization: 'Bearer one' }, says(maxAge(60))),
      by({ Authorization: 'Bearer two' }, says(maxAge(60))),
      asking({ method: 'DELETE', fields: { Authorization: 'Bearer two' } }, says({}, { status: 204 })),
      by({ Authorization: 'Bearer one' }, ASKED),
      by({ Authorization: 'Bearer two' }, ASKED),
    ),
  ),
  all(
    'not even where stale answers are allowed',
    says({ 'Cache-Control': 'max-age=60, stale-while-revalidate=600, stale-if-error=600' }),
    asking({ method: 'POST' }, ASKED),
    by({ 'Cache-Control': 'max-stale' }, ASKED),
  ),
  all(
    'not even for a client that wants nothing else',
    says(maxAge(60)),
    asking({ method: 'POST' }, ASKED),
    by({ 'Cache-Control': 'only-if-cached' }, { expect: { from: 'proxy', status: 504 } }),
  ),
];

/** Another URL is stored, then a POST names it. */
function written(fields: FieldsOf): Parameters<ReturnType<typeof sentence>>[1][] {
  return [asking({ path: '/other' }, says(maxAge(60))), asking({ method: 'POST' }, says(fields, { status: 201 }))];
}

/** Relative to the case's own path, which has one segment. */
function relative({ path }: { path: string }): string {
  return `${path.slice(1)}/other`;
}
