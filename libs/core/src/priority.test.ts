import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { laneByRules, laneOf, type LaneRule } from './priority.js';
import { preferOf } from './prefer.js';

describe('Priority (RFC 9218)', () => {
  it('maps urgency 0-3 to now, 4-5 to soon, 6-7 to later', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 7].map((u) => laneOf(`u=${u}`))).toEqual([
      'now',
      'now',
      'now',
      'now',
      'soon',
      'soon',
      'later',
      'later',
    ]);
  });

  it.each([undefined, '', 'i', 'u', 'u=8', 'u=-1', 'u=5.0', 'u="7"', 'U=7', 'u=7, !', 'u=7,='])(
    'is 3 when it is %j',
    (value) => {
      expect(laneOf(value)).toBe('now');
    },
  );

  it.each(['i, u=7', 'u=7;x=1, i', 'u=1, u=7', 'a="x, y", u=7', 'u=7 , i=?0'])('is read from %s', (value) => {
    expect(laneOf(value)).toBe('later');
  });
});

describe('the lane of a request', () => {
  const rules: LaneRule[] = [
    { header: 'User-Agent', match: 'nightly*', lane: 'later' },
    { header: 'x-job', match: '*', lane: 'soon' },
  ];

  it('is that of the first rule that matches, before what the client asks for', () => {
    expect(
      laneByRules(
        [
          ['user-agent', 'nightly-sync/2'],
          ['X-Job', ''],
        ],
        rules,
        'u=0',
        'now',
      ),
    ).toBe('later');
    expect(laneByRules([['X-Job', '7']], rules, undefined, 'now')).toBe('soon');
  });

  it('is what the client asks for, else the default of the upstream', () => {
    expect(laneByRules([['User-Agent', 'a nightly']], rules, 'u=5', 'later')).toBe('soon');
    expect(laneByRules([], rules, undefined, 'later')).toBe('later');
    expect(laneByRules([], rules, 'i', 'later')).toBe('later');
  });

  it('is found by globs as a pattern language would find it', () => {
    const glob = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '.'), maxLength: 8 });
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 8 });
    fc.assert(
      fc.property(glob, text, (match, value) => {
        const pattern = new RegExp(
          `^${match
            .replaceAll('.', String.raw`\.`)
            .replaceAll('*', '.*')
            .replaceAll('?', '.')}$`,
        );
        const lane = laneByRules([['h', value]], [{ header: 'h', match, lane: 'soon' }], undefined, 'now');
        expect(lane).toBe(pattern.test(value) ? 'soon' : 'now');
      }),
      { numRuns: 1000 },
    );
  });
});

describe('Prefer (RFC 7240)', () => {
  it.each([
    [undefined, { respondAsync: false }],
    ['wait=10', { waitMs: 10_000, respondAsync: false }],
    ['Respond-Async, WAIT="5"; x=1', { waitMs: 5000, respondAsync: true }],
    ['wait=1, wait=9', { waitMs: 1000, respondAsync: false }],
    ['return=minimal; wait=9', { respondAsync: false }],
    ['wait=soon', { respondAsync: false }],
    ['wait=-1', { respondAsync: false }],
  ])('%j asks for %j', (value, expected) => {
    expect(preferOf(value)).toEqual(expected);
  });
});
