import type { Exchange, RfcCase } from '../case.js';
import { ASKED, asking, by, expecting, maxAge, ours, says, sentence, STORED, storedWith } from '../exchanges.js';
import { at } from '../times.js';

const authenticated = sentence(
  'RFC 9111 3.5',
  'A shared cache MUST NOT use a cached response to a request with an Authorization header field (...) to satisfy any subsequent request unless the response contains a Cache-Control field with a response directive (...) that allows it to be stored by a shared cache',
);
const uri = sentence(
  'RFC 9111 4',
  'a cache MUST NOT reuse a stored response unless: the presented target URI (...) and that of the stored response match',
);
const method = sentence(
  'RFC 9111 4',
  'the request method associated with the stored response allows it to be used for the presented request',
);
const age = sentence(
  'RFC 9111 4',
  "a cache MUST generate an Age header field (...), replacing any present in the response with a value equal to the stored response's current_age;",
);
const through = sentence(
  'RFC 9111 4',
  'A cache MUST write through requests with methods that are unsafe (...) to the origin server;',
);
const recent = sentence(
  'RFC 9111 4',
  'When more than one suitable response is stored, a cache MUST use the most recent one (as determined by the Date header field).',
);
const vary = sentence(
  'RFC 9111 4.1',
  'the cache MUST NOT use that stored response without revalidation unless all the presented request header fields nominated by that Vary field value match those fields in the original request',
);
const whitespace = sentence(
  'RFC 9111 4.1',
  "adding or removing whitespace, where allowed in the header field's syntax",
);
const lines = sentence('RFC 9111 4.1', 'combining multiple header field lines with the same field name');
const absent = sentence(
  'RFC 9111 4.1',
  'If (after any normalization that might take place) a header field is absent from a request, it can only match another request if it is also absent there.',
);
const star = sentence(
  'RFC 9111 4.1',
  'A stored response with a Vary header field value containing a member "*" always fails to match.',
);
const omitted = sentence(
  'RFC 9111 4.1',
  'When a cache has multiple stored responses for a target URI and one or more omits the Vary header field, the cache SHOULD choose the most recent (...) stored response with a valid Vary field value.',
);

const A = { 'X-Choice': 'a' };
const B = { 'X-Choice': 'b' };
const VARIES = { ...maxAge(60), Vary: 'X-Choice' };
const STORED_FIRST: Exchange = expecting({ of: 0 }, STORED);

export const cases: readonly RfcCase[] = [
  ...['max-age=60', 'private, max-age=60', 'max-age=60, proxy-revalidate', 'immutable, max-age=60'].flatMap((value) => [
    authenticated(
      `${value}, then without the field`,
      by({ Authorization: 'Bearer one' }, says({ 'Cache-Control': value })),
      ASKED,
    ),
    authenticated(
      `${value}, then with another value`,
      by({ Authorization: 'Bearer one' }, says({ 'Cache-Control': value })),
      by({ Authorization: 'Bearer two' }, ASKED),
    ),
  ]),
  authenticated(
    'Expires, then without the field',
    by({ Authorization: 'Basic eDp5' }, says({ Expires: at(60) })),
    ASKED,
  ),
  ...['public, max-age=60', 's-maxage=60, max-age=60', 'must-revalidate, max-age=60'].map((value) =>
    ours(
      authenticated(
        `${value}, then with the same value`,
        by({ Authorization: 'Bearer one' }, says({ 'Cache-Control': value })),
        by({ Authorization: 'Bearer one' }, STORED),
      ),
    ),
  ),
  uri('another query', asking({ path: '?a=1' }, says(maxAge(60))), asking({ path: '?a=2' }, ASKED)),
  uri('no query', asking({ path: '?a=1' }, says(maxAge(60))), ASKED),
  uri('an empty query', says(maxAge(60)), asking({ path: '?' }, ASKED)),
  uri(
    'another order of the query',
    asking({ path: '?a=1&b=2' }, says(maxAge(60))),
    asking({ path: '?b=2&a=1' }, ASKED),
  ),
  uri('another path below', asking({ path: '/x' }, says(maxAge(60))), asking({ path: '/y' }, ASKED)),
  uri('another case of the path', asking({ path: '/x' }, says(maxAge(60))), asking({ path: '/X' }, ASKED)),
  uri('a slash at the end', asking({ path: '/x' }, says(maxAge(60))), asking({ path: '/x/' }, ASKED)),
  uri('the same query', asking({ path: '?a=1&b=2' }, says(maxAge(60))), asking({ path: '?a=1&b=2' }, STORED)),
  method('HEAD from a stored GET', says(maxAge(60)), asking({ method: 'HEAD' }, STORED)),
  method('GET is not answered from a HEAD', asking({ method: 'HEAD' }, says(maxAge(60))), ASKED),
  age('it is there', says(maxAge(60)), storedWith({ Age: /^[0-2]$/ })),
  age('one that came is replaced', says({ ...maxAge(60), Age: '30' }), storedWith({ Age: /^3[0-2]$/ })),
  ...['POST', 'PUT', 'PATCH', 'DELETE'].map((name) =>
    through(name, says(maxAge(60)), asking({ method: name, body: 'written' }, expecting({ seenMethod: name }, ASKED))),
  ),
  recent(
    'the one of a later Date',
    says({ ...maxAge(60), Date: at(-20) }),
    by({ 'Cache-Control': 'no-cache' }, says({ ...maxAge(60), Date: at(-5) })),
    STORED,
  ),
  vary('the same value', by(A, says(VARIES)), by(A, STORED)),
  vary('another value', by(A, says(VARIES)), by(B, ASKED)),
  vary('another case of the value', by(A, says(VARIES)), by({ 'X-Choice': 'A' }, ASKED)),
  vary(
    'a field that is not named does not count',
    by({ ...A, 'X-Else': '1' }, says(VARIES)),
    by({ ...A, 'X-Else': '2' }, STORED),
  ),
  vary('names are case-insensitive', by(A, says({ ...VARIES, Vary: 'x-cHOICE' })), by(A, STORED), by(B, ASKED)),
  vary('two variants side by side', by(A, says(VARIES)), by(B, says(VARIES)), by(A, STORED_FIRST), by(B, STORED)),
  vary(
    'three variants side by side',
    by(A, says(VARIES)),
    by(B, says(VARIES)),
    says(VARIES),
    by(A, STORED_FIRST),
    by(B, expecting({ of: 1 }, STORED)),
    STORED,
  ),
  vary(
    'two fields, one of which differs',
    by({ ...A, 'X-Size': '1' }, says({ ...maxAge(60), Vary: 'X-Choice, X-Size' })),
    by({ ...A, 'X-Size': '2' }, ASKED),
  ),
  vary(
    'two fields, both the same',
    by({ ...A, 'X-Size': '1' }, says({ ...maxAge(60), Vary: 'X-Choice, X-Size' })),
    by({ 'X-Size': '1', ...A }, STORED),
  ),
  vary(
    'two lines of Vary, the second of which differs',
    by({ ...A, 'X-Size': '1' }, says({ ...maxAge(60), Vary: ['X-Choice', 'X-Size'] })),
    by({ ...A, 'X-Size': '2' }, ASKED),
  ),
  vary('a query beside it', asking({ path: '?q', fields: A }, says(VARIES)), asking({ path: '?q', fields: B }, ASKED)),
  vary('HEAD', by(A, says(VARIES)), asking({ method: 'HEAD', fields: A }, STORED)),
  vary('a cookie', by({ Cookie: 'a=1' }, says({ ...maxAge(60), Vary: 'Cookie' })), by({ Cookie: 'a=2' }, ASKED)),
  whitespace('after a comma', by({ 'X-Choice': 'a,b' }, says(VARIES)), by({ 'X-Choice': 'a, b' }, STORED)),
  whitespace('more of it', by({ 'X-Choice': 'a, b' }, says(VARIES)), by({ 'X-Choice': 'a  ,   b' }, STORED)),
  lines('two for one', by({ 'X-Choice': 'a, b' }, says(VARIES)), by({ 'X-Choice': ['a', 'b'] }, STORED)),
  lines('not in another order', by({ 'X-Choice': 'a, b' }, says(VARIES)), by({ 'X-Choice': ['b', 'a'] }, ASKED)),
  absent('absent from the first', says(VARIES), by(A, ASKED)),
  absent('absent from the second', by(A, says(VARIES)), ASKED),
  absent('absent from both', says(VARIES), STORED),
  star('alone', says({ ...maxAge(60), Vary: '*' }), ASKED),
  star('in a list', by(A, says({ ...maxAge(60), Vary: 'X-Choice, *' })), by(A, ASKED)),
  star('in a second line', by(A, says({ ...maxAge(60), Vary: ['X-Choice', '*'] })), by(A, ASKED)),
  omitted('the later one omits it', by(A, says(VARIES)), by(B, says(maxAge(60))), by(A, STORED_FIRST)),
];
