import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createResourceStatWriter, createScopeViewRepository, createScopeViewWriter, type StatDelta } from '#store';
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

describe('what was learned of a resource', () => {
  const HOUR_MS = 3_600_000;
  const add = (nowMs: number, ...deltas: Partial<StatDelta>[]): Promise<void> =>
    createResourceStatWriter(corner.store).addStats(
      deltas.map((delta) => ({
        key: 'a',
        upstream: 'crm',
        reads: 0,
        refreshes: 0,
        changes: 0,
        lastChangedAt: null,
        ...delta,
      })),
      nowMs,
    );
  const learned = async (): Promise<Record<string, number | null> | undefined> =>
    (await corner.sql<Record<string, number | null>>('select * from resource_stat order by key'))[0];

  it('adds up', async () => {
    await add(0, { refreshes: 2, changes: 1, lastChangedAt: 500 }, { key: 'b', reads: 9 });
    await add(0, { refreshes: 3, changes: 0 });
    expect(await learned()).toMatchObject({ key: 'a', refreshes: 5, changes: 1, last_changed_at: 500 });
    await add(0, { lastChangedAt: 900 });
    expect(await learned()).toMatchObject({ last_changed_at: 900 });
  });

  it('lets reads fade by half in an hour, before the new ones are added', async () => {
    await add(0, { reads: 8 });
    await add(HOUR_MS, { reads: 1 });
    expect((await learned())?.['reads']).toBeCloseTo(5);
    await add(3 * HOUR_MS, { reads: 0 });
    expect((await learned())?.['reads']).toBeCloseTo(1.25);
  });

  it('fades no hour twice when two refreshers are not of one mind about the time', async () => {
    await add(0, { reads: 8 });
    await add(HOUR_MS, {});
    await add(0, {});
    await add(HOUR_MS, {});
    expect((await learned())?.['reads']).toBeCloseTo(4);
  });
});
