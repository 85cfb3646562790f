import { describe, expect, it } from 'vitest';
import { HeadBatches } from './head-batches.js';

function headOf(key: string) {
  const version = { fence: 1, send: 1 };
  return {
    key,
    version,
    receivedAt: 0,
    requestFields: [],
    etag: null,
    lastModified: null,
    isInvalid: false,
    isKnownStale: false,
  };
}

/** Reads are recorded; time passes when the test says so. */
function batches(missing: readonly string[] = []) {
  const reads: (readonly string[])[] = [];
  const due: (() => void)[] = [];
  const loader = new HeadBatches({
    readHeads: (keys) => {
      reads.push(keys);
      return Promise.resolve(keys.filter((key) => !missing.includes(key)).map(headOf));
    },
    after: (_, call) => void due.push(call),
  });
  return { loader, reads, pass: () => due.splice(0).forEach((call) => call()) };
}

describe('heads', () => {
  it('that are asked for together are read together, each key once', async () => {
    const { loader, reads, pass } = batches(['c']);
    const asked = ['a', 'b', 'a', 'c'].map((key) => loader.headOf(key));
    pass();
    expect((await Promise.all(asked)).map((head) => head?.key)).toEqual(['a', 'b', 'a', undefined]);
    expect(reads).toEqual([['a', 'b', 'c']]);
  });

  it('are read without waiting when two hundred are asked for', async () => {
    const { loader, reads, pass } = batches();
    const asked = Array.from({ length: 250 }, (_, i) => loader.headOf(`k${i}`));
    await asked[0];
    expect(reads.map((keys) => keys.length)).toEqual([200]);
    pass();
    await Promise.all(asked);
    expect(reads.map((keys) => keys.length)).toEqual([200, 50]);
  });

  it('that could not be read fail for all who asked, and the next are read anew', async () => {
    let isAway = true;
    const due: (() => void)[] = [];
    const loader = new HeadBatches({
      readHeads: (keys) => (isAway ? Promise.reject(new Error('away')) : Promise.resolve(keys.map(headOf))),
      after: (_, call) => void due.push(call),
    });
    const asked = Promise.allSettled([loader.headOf('a'), loader.headOf('b')]);
    due.splice(0).forEach((call) => call());
    expect((await asked).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    isAway = false;
    const next = loader.headOf('a');
    due.splice(0).forEach((call) => call());
    expect((await next)?.key).toBe('a');
  });
});
