import { describe, expect, it } from 'vitest';
import type { Fields } from './fields.js';
import { targetedDirectives } from './targeted.js';

const cdn = (value: string): Fields => [['CDN-Cache-Control', value]];
const own = (value: string): Fields => [['Penstock-Cache-Control', value]];

describe('a targeted Cache-Control field (RFC 9213)', () => {
  it('is none where neither of ours is there', () => {
    expect(targetedDirectives([['Example-Cache-Control', 'no-store']])).toBeUndefined();
  });

  it('is ours before that of CDNs, whichever came first', () => {
    expect(targetedDirectives([...cdn('no-store'), ...own('max-age=5')])).toMatchObject({
      noStore: false,
      maxAgeMs: 5000,
      isTargeted: true,
    });
  });

  it.each(['', ' ', 'max-age=', 'Max-Age=5', 'max-age=5,', 'max-age 5', '=5'])(
    'is ignored where it is empty or no dictionary: "%s"',
    (value) => {
      expect(targetedDirectives(cdn(value))).toBeUndefined();
      expect(targetedDirectives([...own(value), ...cdn('no-store')])).toMatchObject({ noStore: true });
    },
  );

  it('makes one dictionary of its lines, and counts the last of a member given twice (RFC 9651 3.2)', () => {
    expect(targetedDirectives([...cdn('max-age=5, private'), ...cdn('max-age=7')])).toMatchObject({
      maxAgeMs: 7000,
      isPrivate: true,
    });
  });

  it.each(['60.5', '-60', '"60"', 'x60', '?1', '(60)'])(
    'gives no freshness by a max-age that is no integer: %s',
    (value) => {
      expect(targetedDirectives(cdn(`max-age=${value}`))).toMatchObject({ maxAgeMs: 0 });
    },
  );

  it('reads names of fields, ignores parameters and what it does not know, and what is false is not said', () => {
    expect(
      targetedDirectives(cdn('private="x-a, x-b";why=1, no-cache=x-c, no-store=?0, x=(1 2), max-age=9;a')),
    ).toMatchObject({ privateFields: ['x-a', 'x-b'], noCacheFields: ['x-c'], noStore: false, maxAgeMs: 9000 });
  });
});
