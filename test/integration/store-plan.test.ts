import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import {
  createPlanRepository,
  createResourceStatWriter,
  createResourceWriter,
  type PlanPage,
  type Resource,
  type StatWrite,
} from '#store';
import { answer, at, storeIn, type Corner } from './store-fixture.js';

const HOUR_MS = 3_600_000;
const NOW_MS = 1_700_000_000_000;
let corner: Corner;

beforeAll(async () => {
  corner = await storeIn('plan');
});
beforeEach(() => corner.sql('truncate resource, resource_stat, entry'));
afterAll(() => corner.store.close());

const resource = (name: string, more: Partial<Resource> = {}): Resource => ({
  ...{ upstream: 'crm', path: `/items/${name}`, key: name, urlHash: `url-${name}` },
  ...{ maxAgeMs: null, weight: 1, tags: [], source: 'api' },
  ...more,
});

const stat = (key: string, more: Partial<StatWrite> = {}): StatWrite => ({
  ...{ key, upstream: 'crm', template: '/items/{}', revision: 1, history: new Uint8Array(2), observations: 1 },
  ...{ changeRate: 0.01, rateSpread: 0.3, cost: 1, reads: 0, refreshes: 1, changes: 1, lastChangedAt: null },
  ...more,
});

const register = (...resources: Resource[]): Promise<unknown> =>
  createResourceWriter(corner.store).putResources(resources);
const learn = (...stats: StatWrite[]): Promise<unknown> =>
  createResourceStatWriter(corner.store).writeStats(stats, NOW_MS);
const read = (more: Partial<{ afterPath: string; limit: number; nowMs: number }> = {}): Promise<PlanPage> =>
  createPlanRepository(corner.store).readPlanPage({
    ...{ upstream: 'crm', afterPath: '', limit: 10, nowMs: NOW_MS, readsHalfLifeMs: HOUR_MS },
    ...more,
  });

it('resources come in the order of their paths, each with what was learned of it', async () => {
  await register(resource('b', { maxAgeMs: 30_000, weight: 2, tags: ['hot'] }), resource('a'));
  await register(resource('a', { upstream: 'other', key: 'elsewhere' }));
  await learn(stat('b', { reads: 8, cost: 3 }));
  expect(await read()).toEqual({
    paths: ['/items/a', '/items/b'],
    maxAgesMs: [null, 30_000],
    weights: [1, 2],
    tags: [[], ['hot']],
    changeRates: [null, 0.01],
    rateSpreads: [null, 0.3],
    reads: [0, 8],
    costs: [null, 3],
  });
});

it('pages follow each other by the last path, and the one behind the last is empty', async () => {
  await register(...['a', 'b', 'c'].map((name) => resource(name)));
  expect((await read({ limit: 2 })).paths).toEqual(['/items/a', '/items/b']);
  expect((await read({ limit: 2, afterPath: '/items/b' })).paths).toEqual(['/items/c']);
  expect((await read({ limit: 2, afterPath: '/items/c' })).paths).toEqual([]);
});

it('a read counts half after an hour', async () => {
  await register(resource('a'));
  await learn(stat('a', { reads: 8 }));
  expect((await read({ nowMs: NOW_MS + HOUR_MS })).reads).toEqual([4]);
});

it('what was learned of the variant of a resource is what is known of it', async () => {
  await register(resource('a'));
  await corner.writer.writeEntries([answer('a-in-json', at(1, 1), 'x', { urlHash: 'url-a', variant: 'accept=json' })]);
  await corner.writer.writeEntries([answer('a-private', at(1, 2), 'x', { urlHash: 'url-a', partition: 'p1' })]);
  await learn(stat('a-in-json', { reads: 5, changeRate: 0.5 }), stat('a-private', { reads: 50, changeRate: 9 }));
  expect(await read()).toMatchObject({ changeRates: [0.5], reads: [5] });
});
