import type { RfcCase } from '../case.js';
import { at } from '../times.js';

/** RFC 9111 section 3: what may be stored. */
const UNLESS = 'A cache MUST NOT store a response to a request unless: (...)';

export const cases: readonly RfcCase[] = [
  {
    section: 'RFC 9111 3',
    says: 'the response contains at least one of the following: (...) a max-age response directive',
    where: 'the second request is answered from the store',
    exchanges: [
      { answer: { fields: { 'Cache-Control': 'max-age=60' } }, expect: { from: 'upstream' } },
      { expect: { from: 'cache' } },
    ],
  },
  {
    section: 'RFC 9111 3',
    says: 'if the cache is shared: an s-maxage response directive',
    where: 'that alone is enough',
    exchanges: [
      { answer: { fields: { 'Cache-Control': 's-maxage=60' } }, expect: { from: 'upstream' } },
      { expect: { from: 'cache' } },
    ],
  },
  {
    section: 'RFC 9111 3',
    says: 'an Expires header field',
    where: 'that alone is enough',
    exchanges: [
      { answer: { fields: { Expires: at(60) } }, expect: { from: 'upstream' } },
      { expect: { from: 'cache' } },
    ],
  },
  {
    section: 'RFC 9111 3',
    says: `${UNLESS} the no-store cache directive is not present in the response`,
    where: 'no-store beside max-age',
    exchanges: [
      { answer: { fields: { 'Cache-Control': 'no-store, max-age=60' } }, expect: { from: 'upstream' } },
      { expect: { from: 'upstream' } },
    ],
  },
];
