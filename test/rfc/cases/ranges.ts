import type { Exchange, FieldsOf, Match, RfcCase } from '../case.js';
import { ASKED, asking, by, expecting, maxAge, ours, says, sentence, STORED } from '../exchanges.js';
import { at } from '../times.js';

const method = sentence(
  'RFC 9110 14.2',
  'A server MUST ignore a Range header field received with a request method that is unrecognized or for which range handling is not defined. For this specification, GET is the only method for which range handling is defined.',
);
const unit = sentence(
  'RFC 9110 14.2',
  'An origin server MUST ignore a Range header field that contains a range unit it does not understand.',
);
const invalid = sentence(
  'RFC 9110 14.2',
  'A server that supports range requests MAY ignore or reject a Range header field that contains an invalid ranges-specifier (...), a ranges-specifier with more than two overlapping ranges',
);
const satisfiable = sentence(
  'RFC 9110 14.2',
  'If all of the preconditions are true, the server supports the Range header field for the target resource, the received Range field-value contains a valid ranges-specifier (...), the server SHOULD send a 206 (Partial Content) response',
);
const suffix = sentence(
  'RFC 9110 14.1.2',
  'If the selected representation is shorter than the specified suffix-length, the entire representation is used.',
);
const single = sentence(
  'RFC 9110 15.3.7.1',
  'If a single part is being transferred, the server generating the 206 response MUST generate a Content-Range header field, describing what range of the selected representation is enclosed, and a content consisting of the range.',
);
const several = sentence(
  'RFC 9110 15.3.7.2',
  'If multiple parts are being transferred, the server generating the 206 response MUST generate "multipart/byteranges" content',
);
const noRangeOutside = sentence(
  'RFC 9110 15.3.7.2',
  'a server MUST NOT generate a Content-Range header field in the HTTP header section of a multiple part response',
);
const inOrder = sentence(
  'RFC 9110 15.3.7.2',
  'A server that generates a multipart response SHOULD send the parts in the same order that the corresponding range-spec appeared in the received Range header field, excluding those ranges that were deemed unsatisfiable or that were coalesced into other ranges.',
);
const unsatisfiable = sentence(
  'RFC 9110 15.5.17',
  'A server generating a 416 (Range Not Satisfiable) response to a byte-range request SHOULD send a Content-Range header field with an unsatisfied-range value',
);
const ifRangeAlone = sentence(
  'RFC 9110 13.1.5',
  'A server MUST ignore an If-Range header field received in a request that does not contain a Range header field.',
);
const ifRangeFalse = sentence(
  'RFC 9110 13.1.5',
  'A recipient of an If-Range header field MUST ignore the Range header field if the If-Range condition evaluates to false.',
);
const ifRangeTrue = sentence(
  'RFC 9110 13.1.5',
  'Otherwise, the recipient SHOULD process the Range header field as requested.',
);
const weakDate = sentence(
  'RFC 9110 13.1.5',
  'If the HTTP-date validator provided is not a strong validator in the sense defined by (...), the condition is false.',
);
const before = sentence(
  'RFC 9110 14.2',
  'The Range header field is evaluated after evaluating the precondition header fields defined in (...), and only if the result in absence of the Range header field would be a 200 (OK) response.',
);
const notStored = sentence(
  'RFC 9111 3.3',
  'A cache MUST NOT use an incomplete response to answer requests unless the response has been made complete, or the request is partial and specifies a range wholly within the incomplete response.',
);

const BODY = '0123456789';
const WAS = 'Sat, 01 Nov 2025 10:00:00 GMT';
const TAGGED = { ...maxAge(60), ETag: '"1"', 'Content-Type': 'text/plain' };

/** What is stored whole. */
function whole(fields: FieldsOf = TAGGED): Exchange {
  return says(fields, { body: BODY });
}

function part(range: string, body: string, fields: Readonly<Record<string, Match>> = {}): Exchange {
  return by({ Range: range }, expecting({ status: 206, body, fields }, STORED));
}

/** The Range is ignored. */
function all(range: string): Exchange {
  return by({ Range: range }, STORED);
}

function none(range: string): Exchange {
  return by({ Range: range }, { expect: { from: 'proxy', status: 416, fields: { 'Content-Range': 'bytes */10' } } });
}

const MULTIPART = /^multipart\/byteranges; ?boundary=\S+$/;

/** The body of several parts: its boundary is the server's to choose. */
function parts(range: string, fields: Readonly<Record<string, Match>>, length: Match = /^\d+$/): Exchange {
  return by(
    { Range: range },
    { expect: { from: 'proxy', status: 206, fields: { ...fields, 'Content-Length': length } } },
  );
}

export const cases: readonly RfcCase[] = [
  method('HEAD', whole(), asking({ method: 'HEAD', fields: { Range: 'bytes=0-1' } }, STORED)),
  method(
    'POST gets it passed on',
    asking({ method: 'POST', body: 'x', fields: { Range: 'bytes=0-1' } }, says({}, { body: BODY })),
  ),
  ...['items=0-1', 'lines=1-2', 'bytesx=0-1'].map((range) => unit(range, whole(), all(range))),
  ...[
    'bytes=5-2',
    'bytes=a-b',
    'bytes=0-1,x',
    'bytes=',
    'bytes=-',
    'bytes 0-1',
    'bytes=0 - 1',
    'bytes=1.0-2',
    'bytes=0-1,5-2',
  ].map((range) => ours(invalid(`"${range}" is ignored`, whole(), all(range)))),
  ours(invalid('three that overlap are ignored', whole(), all('bytes=0-,0-,0-'))),
  ours(invalid('a hundred are ignored', whole(), all(`bytes=${Array.from({ length: 100 }, () => '0-0').join()}`))),
  ...(
    [
      ['bytes=0-4', '01234', 'bytes 0-4/10'],
      ['bytes=5-', '56789', 'bytes 5-9/10'],
      ['bytes=-3', '789', 'bytes 7-9/10'],
      ['bytes=9-9', '9', 'bytes 9-9/10'],
      ['bytes=0-999', BODY, 'bytes 0-9/10'],
      ['bytes=2-99999999999999999999', '23456789', 'bytes 2-9/10'],
      ['BYTES=0-0', '0', 'bytes 0-0/10'],
      ['bytes= 0-0 , ', '0', 'bytes 0-0/10'],
    ] as const
  ).map(([range, body, told]) => satisfiable(range, whole(), part(range, body, { 'Content-Range': told }))),
  suffix('a hundred of ten', whole(), part('bytes=-100', BODY, { 'Content-Range': 'bytes 0-9/10' })),
  single('its length is that of the part', whole(), part('bytes=0-4', '01234', { 'Content-Length': '5' })),
  single(
    'the fields that a 200 would have are there',
    whole({ ...TAGGED, Vary: 'X-Choice', 'Content-Location': '/x', Expires: at(60) }),
    part('bytes=0-0', '0', {
      ETag: '"1"',
      Vary: 'X-Choice',
      'Cache-Control': 'max-age=60',
      'Content-Location': '/x',
      'Content-Type': 'text/plain',
      Date: /GMT$/,
    }),
  ),
  single(
    'where the others cannot be satisfied',
    whole(),
    part('bytes=50-60,0-1', '01', { 'Content-Range': 'bytes 0-1/10' }),
  ),
  single(
    'where two that overlap became one',
    whole(),
    part('bytes=0-4,3-7', '01234567', { 'Content-Range': 'bytes 0-7/10' }),
  ),
  several('first and last', whole(), parts('bytes=0-0,9-9', { 'Content-Type': MULTIPART })),
  several('three', whole(), parts('bytes=0-0,4-5,-1', { 'Content-Type': MULTIPART })),
  noRangeOutside('two parts', whole(), parts('bytes=0-0,9-9', { 'Content-Range': null })),
  inOrder('the last first: as long as the other way round', whole(), parts('bytes=9-9,0-0', { 'Content-Range': null })),
  ...['bytes=10-', 'bytes=10-20', 'bytes=-0', 'bytes=99-100,50-60'].map((range) =>
    unsatisfiable(range, whole(), none(range)),
  ),
  unsatisfiable('and it is not kept for others', whole(), none('bytes=10-'), STORED),
  ifRangeAlone('a tag that differs', whole(), by({ 'If-Range': '"2"' }, STORED)),
  ...(
    [
      ['another tag', '"2"'],
      ['a weak tag', 'W/"1"'],
      ['another date', 'Sat, 01 Nov 2025 10:00:01 GMT'],
      ['neither tag nor date', 'yesterday'],
      ['a list of tags', '"1", "2"'],
    ] as const
  ).map(([where, condition]) =>
    ifRangeFalse(
      where,
      whole({ ...TAGGED, 'Last-Modified': WAS }),
      by({ Range: 'bytes=0-4', 'If-Range': condition }, STORED),
    ),
  ),
  ifRangeFalse(
    'the weak tag that is stored',
    whole({ ...maxAge(60), ETag: 'W/"1"' }),
    by({ Range: 'bytes=0-4', 'If-Range': 'W/"1"' }, STORED),
  ),
  ifRangeTrue(
    'the tag',
    whole(),
    by({ Range: 'bytes=0-4', 'If-Range': '"1"' }, expecting({ status: 206, body: '01234' }, STORED)),
  ),
  ifRangeTrue(
    'the date',
    whole({ ...maxAge(60), 'Last-Modified': WAS }),
    by({ Range: 'bytes=0-4', 'If-Range': WAS }, expecting({ status: 206, body: '01234' }, STORED)),
  ),
  weakDate(
    'modified in the second in which it was sent',
    whole({ ...maxAge(60), Date: WAS, 'Last-Modified': WAS, 'Cache-Control': 'max-age=99999999' }),
    by({ Range: 'bytes=0-4', 'If-Range': WAS }, STORED),
  ),
  before(
    'If-None-Match says 304',
    whole(),
    by({ Range: 'bytes=0-4', 'If-None-Match': '"1"' }, expecting({ status: 304, body: '' }, STORED)),
  ),
  before(
    'If-None-Match lets it through',
    whole(),
    by({ Range: 'bytes=0-4', 'If-None-Match': '"2"' }, expecting({ status: 206, body: '01234' }, STORED)),
  ),
  before(
    'a 404 has no ranges',
    says({ ...maxAge(60), ETag: '"1"' }, { status: 404, body: BODY }),
    by({ Range: 'bytes=0-4' }, STORED),
  ),
  ours(
    satisfiable(
      'of what is not stored it is put to the upstream',
      by(
        { Range: 'bytes=0-4' },
        expecting(
          { seen: { Range: 'bytes=0-4' }, fields: { 'Content-Range': 'bytes 0-4/10' } },
          says({ ...TAGGED, 'Content-Range': 'bytes 0-4/10' }, { status: 206, body: '01234' }),
        ),
      ),
    ),
  ),
  ours(
    satisfiable(
      'If-Range goes with it',
      by(
        { Range: 'bytes=0-4', 'If-Range': '"1"' },
        expecting({ seen: { 'If-Range': '"1"' } }, says({}, { status: 206, body: '01234' })),
      ),
    ),
  ),
  ours(
    satisfiable(
      'of what is stale, what is stored whole is validated',
      whole({ ...maxAge(5), Age: '10', ETag: '"1"' }),
      by(
        { Range: 'bytes=0-4' },
        {
          answer: { status: 304, fields: { ...maxAge(60), ETag: '"1"' } },
          expect: {
            from: 'validated',
            status: 206,
            body: '01234',
            seen: { Range: null, 'If-None-Match': '"1"' },
          },
        },
      ),
    ),
  ),
  notStored(
    'a 206 is not given to who asks for all',
    by({ Range: 'bytes=0-4' }, says({ ...TAGGED, 'Content-Range': 'bytes 0-4/10' }, { status: 206, body: '01234' })),
    ASKED,
  ),
  notStored(
    'a 206 that nobody asked for',
    says({ ...TAGGED, 'Content-Range': 'bytes 0-4/10' }, { status: 206, body: '01234' }),
    ASKED,
  ),
];
