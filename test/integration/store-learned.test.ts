import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  createResourceStatRepository,
  createResourceStatWriter,
  createScopeViewRepository,
  createScopeViewWriter,
  type ResourceStat,
  type StatCursor,
  type StatWrite,
} from '#store';
import { storeIn, type Corner } from './store-fixture.js';

let corner: Corner;

beforeAll(async () => {
  corner = await storeIn('learned');
});
beforeEach(() => corner.sql('truncate scope_view, resource_stat'));
afterAll(() => corner.store.close());

describe('the view of a scope', () => {
  const write = (fence: number, n: number, scope = 'main'): Promise<void> =>
    createScopeViewWriter(corner.store).writeScopeView({ upstream: 'crm', scope, fence, record: { n } });
  const read = (): ReturnType<ReturnType<typeof createScopeViewRepository>['readScopeViews']> =>
    createScopeViewRepository(corner.store).readScopeViews('crm');

  it('is replaced by its own holder and by a later one', async () => {
    for (const [fence, n] of [
      [1, 1],
      [1, 2],
      [2, 3],
    ] as const) {
      await write(fence, n);
      expect(await read()).toEqual([{ upstream: 'crm', scope: 'main', fence, record: { n } }]);
    }
  });

  it('never goes back to a lower fence', async () => {
    await write(3, 1);
    await write(2, 2);
    expect(await read()).toMatchObject([{ fence: 3, record: { n: 1 } }]);
  });

  it('tells the highest fence of an upstream, 0 before there was any', async () => {
    const { readHighestFence } = createScopeViewRepository(corner.store);
    expect(await readHighestFence('crm')).toBe(0);
    await write(3, 1);
    await write(7, 1, 'search');
    expect(await readHighestFence('crm')).toBe(7);
    expect(await readHighestFence('erp')).toBe(0);
  });
});

const HOUR_MS = 3_600_000;
const writer = (): ReturnType<typeof createResourceStatWriter> => createResourceStatWriter(corner.store);
const repository = (): ReturnType<typeof createResourceStatRepository> => createResourceStatRepository(corner.store);

function statOf(key: string, more: Partial<StatWrite> = {}): StatWrite {
  return {
    ...{ key, upstream: 'crm', template: '/items/{}', revision: 1, history: Buffer.from('0102', 'hex') },
    ...{ observations: 1, changeRate: 0.5, rateSpread: 1.5, cost: 1 },
    ...{ reads: 0, refreshes: 1, changes: 0, lastChangedAt: null },
    ...more,
  };
}

describe('what was learned of a resource', () => {
  const learned = async (): Promise<Record<string, number | null> | undefined> =>
    (await corner.sql<Record<string, number | null>>('select * from resource_stat order by key'))[0];

  it('adds up, and its rate is the last one', async () => {
    await writer().writeStats([statOf('a', { refreshes: 2, changes: 1, lastChangedAt: 500 }), statOf('b')], 0);
    const later = { revision: 2, refreshes: 3, changeRate: null, rateSpread: null, cost: 4.5 };
    await writer().writeStats([statOf('a', later)], 0);
    expect(await learned()).toMatchObject({ key: 'a', refreshes: 5, changes: 1, last_changed_at: 500 });
    expect(await learned()).toMatchObject({ revision: 2, change_rate: null, rate_spread: null, cost: 4.5 });
    await writer().writeStats([statOf('a', { revision: 3, lastChangedAt: 900 })], 0);
    expect(await learned()).toMatchObject({ last_changed_at: 900, change_rate: 0.5, rate_spread: 1.5 });
  });

  it('is read as it was written', async () => {
    const history = Uint8Array.from({ length: 256 }, (_, i) => i);
    await writer().writeStats([statOf('a', { history, reads: 7, changeRate: 1e-6 })], 40);
    const [before, ...others] = await writer().readBefore(['b', 'a']);
    expect(others).toEqual([]);
    const numbers = { revision: 1, refreshes: 1, cost: 1, reads: 7, readsAt: 40 };
    expect(before).toEqual({ key: 'a', ...numbers, history: Buffer.from(history) });
  });

  it('is not written over what another refresher has written since, and the others of the batch are', async () => {
    await writer().writeStats([statOf('a', { changeRate: 1 })], 0);
    const late = [statOf('a', { changeRate: 2 }), statOf('b', { changeRate: 3 })];
    expect(await writer().writeStats(late, 0)).toEqual(['a']);
    const rates = await corner.sql('select key, refreshes, change_rate as rate from resource_stat order by key');
    expect(rates).toEqual([
      { key: 'a', refreshes: 1, rate: 1 },
      { key: 'b', refreshes: 1, rate: 3 },
    ]);
  });

  it('lets reads fade by half in an hour, before the new ones are added', async () => {
    const add = (nowMs: number, reads: number): Promise<unknown> =>
      writer().addReads([{ key: 'a', upstream: 'crm', reads }], nowMs);
    await add(0, 8);
    expect(await add(HOUR_MS, 1)).toEqual([{ key: 'a', reads: 5, changeRate: null, cost: 1 }]);
    await writer().writeStats([statOf('a', { reads: 2 })], 2 * HOUR_MS);
    expect((await learned())?.['reads']).toBeCloseTo(4.5);
    expect(await add(3 * HOUR_MS, 0)).toMatchObject([{ changeRate: 0.5 }]);
    expect((await learned())?.['reads']).toBeCloseTo(2.25);
  });

  it('lets reads fade so many times sooner where the clock runs so many times faster', async () => {
    const scaled = createResourceStatWriter(corner.store, { timeScale: 60 });
    await scaled.addReads([{ key: 'a', upstream: 'crm', reads: 8 }], 0);
    expect(await scaled.addReads([{ key: 'a', upstream: 'crm', reads: 0 }], 60_000)).toMatchObject([{ reads: 4 }]);
  });

  it('fades no hour twice when two refreshers are not of one mind about the time', async () => {
    const add = (nowMs: number, reads: number): Promise<unknown> =>
      writer().addReads([{ key: 'a', upstream: 'crm', reads }], nowMs);
    await add(0, 8);
    await add(HOUR_MS, 0);
    await add(0, 0);
    await add(HOUR_MS, 0);
    expect((await learned())?.['reads']).toBeCloseTo(4);
  });

  it('is read page by page, each upstream by itself', async () => {
    const stats = Array.from({ length: 7 }, (_, i) => statOf(`k${i}`, { template: `/${i % 2}/{}`, cost: i }));
    await writer().writeStats([...stats, statOf('other', { upstream: 'erp' })], 0);
    await writer().addReads([{ key: 'k9', upstream: 'crm', reads: 3 }], 5);
    const pages: ResourceStat[][] = [];
    for (let after: StatCursor | undefined; ; after = pages.at(-1)?.at(-1)) {
      const page = await repository().readStats('crm', after, 3);
      if (page.length === 0) break;
      pages.push(page);
    }
    expect(pages.map((page) => page.map(({ key }) => key))).toEqual([
      ['k9', 'k0', 'k2'],
      ['k4', 'k6', 'k1'],
      ['k3', 'k5'],
    ]);
    const none = { template: '', observations: 0, changeRate: null, rateSpread: null };
    expect(pages[0]?.[0]).toEqual({ key: 'k9', ...none, reads: 3, readsAt: 5, cost: 1 });
    const rated = { template: '/0/{}', observations: 1, changeRate: 0.5, rateSpread: 1.5 };
    expect(pages[0]?.[2]).toEqual({ key: 'k2', ...rated, reads: 0, readsAt: 0, cost: 2 });
  });

  it('is forgotten when nobody has read or refreshed it for long, a page at a time', async () => {
    for (const [key, at] of [
      ['a', 10],
      ['b', 90],
      ['c', 20],
    ] as const)
      await writer().writeStats([statOf(key)], at);
    expect(await writer().forgetUnused('', 2, 50)).toEqual({ lastKey: 'b', removed: 1 });
    expect(await writer().forgetUnused('b', 2, 50)).toEqual({ lastKey: 'c', removed: 1 });
    expect(await writer().forgetUnused('c', 2, 50)).toBeUndefined();
    expect(await corner.sql('select key from resource_stat')).toEqual([{ key: 'b' }]);
  });
});

describe('what is to be expected of an upstream', () => {
  it('is the geometric mean of each kind of which at least three are known, and of all', async () => {
    const rated = (kind: string, ...rates: (number | null)[]): StatWrite[] =>
      rates.map((changeRate, i) => statOf(`${kind}${i}`, { template: `/${kind}/{}`, changeRate }));
    const stats = [...rated('slow', 0.001, 0.1, null, 0.01), ...rated('fast', 2, 4, 8, 4), ...rated('few', 4, 4)];
    await writer().writeStats([...stats, statOf('o', { upstream: 'erp', changeRate: 99 })], 0);
    const priors = await repository().readPriors('crm');
    expect(priors?.templates).toEqual({ '/slow/{}': expect.closeTo(0.01), '/fast/{}': expect.closeTo(4) });
    expect(priors?.overall).toBeCloseTo(0.01 ** (1 / 3) * 4 ** (2 / 3));
  });

  it('is nothing where nothing is known', async () => {
    await writer().addReads([{ key: 'a', upstream: 'crm', reads: 1 }], 0);
    expect(await repository().readPriors('crm')).toBeUndefined();
  });
});
