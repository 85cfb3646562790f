import type { RfcCase } from '../case.js';
import { ASKED, expecting, maxAge, ours, says, sentence, STORED, storedWith, validated } from '../exchanges.js';
import { at } from '../times.js';

const ignored = sentence(
  'RFC 9213 2.1',
  'If a targeted field in a given response is empty, or a parsing error is encountered, that field MUST be ignored by the cache',
);
const parameters = sentence(
  'RFC 9213 2.1',
  'Parameters received on cache directives are to be ignored, unless other handling is explicitly specified.',
);
const violating = sentence(
  'RFC 9213 2.1',
  'Implementations SHOULD NOT consume values that violate these inferred constraints.',
);
const first = sentence(
  'RFC 9213 2.2',
  'the cache MUST select the first (in target-list order) field with a valid, non-empty value and use its value to determine the caching policy for the response',
);
const alone = sentence('RFC 9213 2.2', 'it MUST ignore the Cache-Control and Expires header fields in that response');
const unlisted = sentence(
  'RFC 9213 2.2',
  "Targeted fields that are not on a cache's target list MUST NOT change that cache's behavior and MUST be passed through.",
);
const implemented = sentence(
  'RFC 9213 2.2',
  'Caches that use a targeted field MUST implement the semantics of the following cache directives: max-age must-revalidate no-store no-cache private',
);
const same = sentence(
  'RFC 9213 2.2',
  'The semantics and precedence of cache directives in a targeted field are the same as those in Cache-Control.',
);
const forwarded = sentence(
  'RFC 9213 3',
  'CDN caches that use CDN-Cache-Control will typically forward this header so that downstream CDN caches can use it as well.',
);

const cc = (value: string): { 'Cache-Control': string } => ({ 'Cache-Control': value });
const cdn = (value: string): { 'CDN-Cache-Control': string } => ({ 'CDN-Cache-Control': value });
const own = (value: string): { 'Penstock-Cache-Control': string } => ({ 'Penstock-Cache-Control': value });
const MALFORMED = [
  'max-age=',
  'max-age=60,',
  'Max-Age=60',
  '"max-age=60"',
  'max-age=60; ;',
  'max-age 60',
  '=60',
  'max-age="60',
];

const all: readonly RfcCase[] = [
  ...['', '   ', ...MALFORMED].map((value) =>
    ignored(`"${value}" beside no-store`, says({ ...cdn(value), ...cc('no-store, max-age=60') }), ASKED),
  ),
  ...['', ...MALFORMED].map((value) =>
    ignored(`"${value}" beside max-age`, says({ ...cdn(value), ...cc('max-age=60') }), STORED),
  ),
  ignored('then Expires counts', says({ ...cdn(''), Expires: at(60) }), STORED),
  ignored('and the next target is used', says({ ...own('max-age='), ...cdn('max-age=60'), ...cc('no-store') }), STORED),
  parameters('of max-age', says(cdn('max-age=60;a=1;b="c"')), STORED),
  parameters('of no-store', says({ ...cdn('no-store;a'), ...maxAge(60) }), ASKED),
  violating('a max-age that is a decimal', says({ ...cdn('max-age=60.5'), ...cc('max-age=60') }), ASKED),
  violating('a max-age that is negative', says({ ...cdn('max-age=-60'), ...cc('max-age=60') }), ASKED),
  violating('a max-age that is a string', says({ ...cdn('max-age="60"'), ...cc('max-age=60') }), ASKED),
  violating('a max-age that is true', says({ ...cdn('max-age'), ...cc('max-age=60') }), ASKED),
  first('ours before that of CDNs, which would not store', says({ ...own('max-age=60'), ...cdn('no-store') }), STORED),
  first('ours before that of CDNs, which would store', says({ ...own('no-store'), ...cdn('max-age=60') }), ASKED),
  first('ours before that of CDNs, on a later line', says({ ...cdn('no-store'), ...own('max-age=60') }), STORED),
  first('two lines of one are one dictionary', says({ 'CDN-Cache-Control': ['max-age=60', 'no-store'] }), ASKED),
  first(
    'of a member that is given twice the last counts',
    says({ ...cdn('max-age=0, max-age=60'), ...cc('max-age=0') }),
    STORED,
  ),
  alone('Cache-Control would not store', says({ ...cdn('max-age=60'), ...cc('no-store') }), STORED),
  alone('Cache-Control is private', says({ ...cdn('max-age=60'), ...cc('private, max-age=0') }), STORED),
  alone('Cache-Control would store', says({ ...cdn('no-store'), ...cc('max-age=60') }), ASKED),
  alone('Cache-Control is longer', says({ ...cdn('max-age=5'), ...cc('max-age=600'), Age: '10' }), ASKED),
  alone('Expires is past', says({ ...cdn('max-age=60'), Expires: at(-60) }), STORED),
  alone('Expires is to come', says({ ...cdn('x-a'), Expires: at(60) }), ASKED),
  alone('s-maxage of Cache-Control', says({ ...cdn('max-age=0'), ...cc('s-maxage=60') }), ASKED),
  unlisted('no-store for another', says({ ...maxAge(60), 'Example-Cache-Control': 'no-store' }), STORED),
  unlisted('max-age for another', says({ ...cc('no-store'), 'Example-Cache-Control': 'max-age=60' }), ASKED),
  unlisted(
    'it is passed through',
    expecting(
      { fields: { 'Example-Cache-Control': 'no-store' } },
      says({ ...maxAge(60), 'Example-Cache-Control': 'no-store' }),
    ),
    storedWith({ 'Example-Cache-Control': 'no-store' }),
  ),
  implemented('max-age', says({ ...cdn('max-age=60') }), STORED),
  implemented('max-age that is over', says({ ...cdn('max-age=5'), Age: '10', ETag: '"1"' }), validated()),
  implemented(
    'must-revalidate',
    says({ ...cdn('max-age=5, must-revalidate, stale-if-error=600'), Age: '10', ETag: '"1"' }),
    says({}, { status: 500 }),
  ),
  implemented('no-store', says({ ...cdn('no-store'), Expires: at(60) }), ASKED),
  implemented('no-cache', says({ ...cdn('no-cache, max-age=60'), ETag: '"1"' }), validated()),
  implemented('private', says({ ...cdn('private, max-age=60'), ...maxAge(60) }), ASKED),
  implemented(
    'private of some fields',
    says({ ...cdn('max-age=60, private="x-a"'), 'X-A': '1', 'X-B': '2' }),
    storedWith({ 'X-A': null, 'X-B': '2' }),
  ),
  same('s-maxage before max-age', says(cdn('max-age=0, s-maxage=60')), STORED),
  same('no-store makes max-age inoperative', says(cdn('max-age=60, no-store')), ASKED),
  same('unknown members are ignored', says(cdn('max-age=60, x-a=(1 2), x-b=:aGk=:')), STORED),
  same(
    'stale-while-revalidate',
    says({ ...cdn('max-age=5, stale-while-revalidate=600'), Age: '10' }),
    expecting({ background: true }, STORED),
  ),
  same(
    'a 304 brings another',
    says({ ...cdn('max-age=5'), Age: '10', ETag: '"1"' }),
    validated(cdn('max-age=60')),
    STORED,
  ),
  forwarded('it is', expecting({ fields: cdn('max-age=60') }, says(cdn('max-age=60'))), storedWith(cdn('max-age=60'))),
];

/** Other caches do not know these fields, or not without being told to. */
export const cases: readonly RfcCase[] = all.map(ours);
