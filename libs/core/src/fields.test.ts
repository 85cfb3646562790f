import { describe, expect, it } from 'vitest';
import {
  fieldLines,
  fieldsFromRaw,
  fieldValue,
  hasPassed,
  viaField,
  withOneForwardLess,
  withoutFields,
  withoutHopByHop,
  withVia,
} from './fields.js';
import type { Fields } from './fields.js';

const fields: Fields = [
  ['Set-Cookie', 'a=1'],
  ['X-One', '1'],
  ['set-cookie', 'b=2'],
];

describe('header fields', () => {
  it('keep case, order and lines from the raw list', () => {
    expect(fieldsFromRaw(['Set-Cookie', 'a=1', 'X-One', '1', 'set-cookie', 'b=2'])).toEqual(fields);
  });

  it('combine the lines of one field with a comma (RFC 9110 5.3)', () => {
    expect(fieldValue(fields, 'SET-COOKIE')).toBe('a=1, b=2');
    expect(fieldLines(fields, 'Set-Cookie')).toEqual(['a=1', 'b=2']);
    expect(fieldValue(fields, 'absent')).toBeUndefined();
  });

  it('tell an empty field from an absent one', () => {
    expect(fieldValue([['X-Empty', '']], 'x-empty')).toBe('');
  });

  it('are left out by name in any case', () => {
    expect(withoutFields(fields, new Set(['set-cookie']))).toEqual([['X-One', '1']]);
  });
});

describe('hop-by-hop fields', () => {
  it.each([
    'Connection',
    'Keep-Alive',
    'Proxy-Connection',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Upgrade',
    'Proxy-Authorization',
    'Proxy-Authenticate',
  ])('%s is not passed on (RFC 9110 7.6.1)', (name) => {
    expect(
      withoutHopByHop([
        [name, 'x'],
        ['Accept', '*/*'],
      ]),
    ).toEqual([['Accept', '*/*']]);
  });

  it('include everything that Connection names, over all of its lines (RFC 9110 7.6.1)', () => {
    const sent: Fields = [
      ['Connection', 'close, X-Mine'],
      ['x-mine', '1'],
      ['Connection', 'x-other'],
      ['X-Other', '2'],
      ['X-Kept', '3'],
    ];
    expect(withoutHopByHop(sent)).toEqual([['X-Kept', '3']]);
  });
});

describe('Via', () => {
  it('is a line after those of others (RFC 9110 7.6.3)', () => {
    expect(withVia([['Via', '1.0 fred']], '1.1', 'penstock')).toEqual([
      ['Via', '1.0 fred'],
      viaField('1.1', 'penstock'),
    ]);
  });

  it('tells that a message has passed here before', () => {
    expect(hasPassed([['Via', '1.0 fred, 1.1 penstock-7 (x, y)']], 'penstock-7')).toBe(true);
    expect(hasPassed([['Via', '1.1 penstock-70']], 'penstock-7')).toBe(false);
    expect(hasPassed([], 'penstock-7')).toBe(false);
  });
});

describe('Max-Forwards', () => {
  it.each([
    ['3', '2'],
    ['1', '0'],
    ['0', '0'],
    ['many', 'many'],
  ])('%s becomes %s (RFC 9110 7.6.2)', (received, sent) => {
    expect(withOneForwardLess([['Max-Forwards', received]])).toEqual([['Max-Forwards', sent]]);
  });
});
