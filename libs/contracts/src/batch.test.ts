import { describe, expect, it } from 'vitest';
import {
  batchToken,
  fetchesOf,
  inBatches,
  isBatch,
  MOST_BATCHED_CHARS,
  singlesOf,
  singleSubjectOf,
  type FetchBatch,
} from './batch.js';

const batch: FetchBatch = {
  ...{ id: 'refresher-1', at: '2026-01-01T00:00:00.000Z', cause: 'scheduler-9', traceparent: '00-a-b-01' },
  ...{ upstream: 'crm', partition: 'shared', lane: 'later', reason: 'due', configVersion: 3 },
  items: [
    { path: '/a', key: 'ka', urlHash: 'ua', variant: '', have: null, requestFields: [], validators: [] },
    {
      ...{ path: '/b', key: 'kb', urlHash: 'ub', variant: 'accept: x', have: { fence: 1, send: 2 } },
      ...{ requestFields: [['Accept', 'x']], validators: [['If-None-Match', '"b"']] },
    },
  ],
};

describe('a batch', () => {
  it('is as many messages as it has items, each with what all share and an id of its own', () => {
    const works = fetchesOf(batch);
    expect(works.map(({ id }) => id)).toEqual(['refresher-1.0', 'refresher-1.1']);
    const { items, ...shared } = batch;
    expect(works).toEqual(items.map((item, index) => ({ ...shared, ...item, id: `refresher-1.${index}` })));
    expect(singlesOf(batch)).toEqual(works);
  });

  it('is told from one piece of work by its items', () => {
    expect(isBatch(batch)).toBe(true);
    expect(fetchesOf(batch).some(isBatch)).toBe(false);
  });

  it('has one token of a subject, whatever its id holds, and its pieces the subject that they had alone', () => {
    const token = batchToken('refresher-host.example*> 7');
    expect(token).toMatch(/^batch-[\w-]+$/);
    expect(singleSubjectOf(`ns.work.fetch.later.crm.default.${token}`, 'ka')).toBe(
      'ns.work.fetch.later.crm.default.ka',
    );
  });
});

describe('in batches', () => {
  const short = (): number => 1;

  it('no more than so many go together, in order, and none is left out', () => {
    expect(inBatches([1, 2, 3, 4, 5], 2, short)).toEqual([[1, 2], [3, 4], [5]]);
    expect(inBatches([], 2, short)).toEqual([]);
  });

  it('no more go together than one message takes, and what is too large is alone', () => {
    const chars = { a: MOST_BATCHED_CHARS / 2, b: MOST_BATCHED_CHARS / 2, c: 1, d: 2 * MOST_BATCHED_CHARS, e: 1 };
    expect(inBatches(Object.entries(chars), 10, ([, size]) => size).map((some) => some.map(([name]) => name))).toEqual([
      ['a', 'b'],
      ['c'],
      ['d'],
      ['e'],
    ]);
  });
});
