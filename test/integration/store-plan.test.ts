import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import {
  createPlanRepository,
  createResourceStatWriter,
  createResourceWriter,
  type PlanRow,
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
async function read(nowMs = NOW_MS, atOnce = 10): Promise<PlanRow[][]> {
  const question = { upstream: 'crm', nowMs, readsHalfLifeMs: HOUR_MS, atOnce };
  const read: PlanRow[][] = [];
  for await (const rows of createPlanRepository(corner.store).readPlan(question)) read.push([...rows]);
  return read;
}

it('each resource of an upstream comes with what was learned of it', async () => {
  await register(resource('b', { maxAgeMs: 30_000, weight: 2, tags: ['hot'] }), resource('a'));
  await register(resource('a', { upstream: 'other', key: 'elsewhere' }));
  await learn(stat('b', { reads: 8, cost: 3 }));
  const [rows = []] = await read();
  expect(rows.toSorted((one, other) => one.path.localeCompare(other.path))).toEqual([
    { path: '/items/a', maxAgeMs: null, weight: 1, tags: [], changeRate: null, rateSpread: null, reads: 0, cost: null },
    {
      path: '/items/b',
      maxAgeMs: 30_000,
      weight: 2,
      tags: ['hot'],
      changeRate: 0.01,
      rateSpread: 0.3,
      reads: 8,
      cost: 3,
    },
  ]);
});

it('resources come some at a time, each once', async () => {
  await register(...['a', 'b', 'c'].map((name) => resource(name)));
  const pages = await read(NOW_MS, 2);
  expect(pages.map((rows) => rows.length)).toEqual([2, 1]);
  expect(new Set(pages.flat().map(({ path }) => path)).size).toBe(3);
  await corner.sql('truncate resource');
  expect(await read()).toEqual([]);
});

it('whoever leaves half way leaves nothing behind', async () => {
  await register(...['a', 'b', 'c'].map((name) => resource(name)));
  const question = { upstream: 'crm', nowMs: NOW_MS, readsHalfLifeMs: HOUR_MS, atOnce: 1 };
  // More often than there are connections.
  for (let n = 0; n < 6; n += 1) {
    for await (const rows of createPlanRepository(corner.store).readPlan(question)) {
      expect(rows).toHaveLength(1);
      break;
    }
  }
  expect(await read()).toHaveLength(1);
  const open = await corner.sql<{ count: string }>(
    "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'",
  );
  expect(Number(open[0]?.count)).toBe(0);
});

it('a read counts half after an hour', async () => {
  await register(resource('a'));
  await learn(stat('a', { reads: 8 }));
  expect(await read(NOW_MS + HOUR_MS)).toMatchObject([[{ reads: 4 }]]);
});

it('what was learned of the variant of a resource is what is known of it', async () => {
  await register(resource('a'));
  await corner.writer.writeEntries([answer('a-in-json', at(1, 1), 'x', { urlHash: 'url-a', variant: 'accept=json' })]);
  await corner.writer.writeEntries([answer('a-private', at(1, 2), 'x', { urlHash: 'url-a', partition: 'p1' })]);
  await learn(stat('a-in-json', { reads: 5, changeRate: 0.5 }), stat('a-private', { reads: 50, changeRate: 9 }));
  expect(await read()).toMatchObject([[{ changeRate: 0.5, reads: 5 }]]);
});
