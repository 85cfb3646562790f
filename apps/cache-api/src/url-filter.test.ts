import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { UrlFilter } from './url-filter.js';

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

describe('the filter of URLs', () => {
  it('never denies what was added, and denies nearly all else', () => {
    const filter = new UrlFilter();
    for (let n = 0; n < 100_000; n += 1) filter.add(hashOf(`stored ${n}`));
    for (let n = 0; n < 100_000; n += 1) if (!filter.mayHave(hashOf(`stored ${n}`))) throw new Error(`denied ${n}`);
    let wrong = 0;
    for (let n = 0; n < 10_000; n += 1) if (filter.mayHave(hashOf(`other ${n}`))) wrong += 1;
    expect(wrong).toBeLessThan(10);
  });

  it('tells what is new', () => {
    const filter = new UrlFilter();
    expect(filter.add(hashOf('once'))).toBe(true);
    expect(filter.add(hashOf('once'))).toBe(false);
  });
});
