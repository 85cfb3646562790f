import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  createResourceRepository,
  createResourceWriter,
  createUpstreamRepository,
  createUpstreamWriter,
  type Resource,
} from '#store';
import { openAt, storeIn, type Corner } from './store-fixture.js';

let corner: Corner;
let upstreams: ReturnType<typeof createUpstreamRepository> & ReturnType<typeof createUpstreamWriter>;
let resources: ReturnType<typeof createResourceRepository> & ReturnType<typeof createResourceWriter>;

beforeAll(async () => {
  corner = await storeIn('registry');
  upstreams = { ...createUpstreamRepository(corner.store), ...createUpstreamWriter(corner.store) };
  resources = { ...createResourceRepository(corner.store), ...createResourceWriter(corner.store) };
});
beforeEach(() => corner.sql('truncate upstream, resource'));
afterAll(() => corner.store.close());

const configOf = (entries: Record<string, unknown>): Map<string, unknown> => new Map(Object.entries(entries));

describe('a configuration', () => {
  it('comes back as it was applied, in the order of its keys', async () => {
    const crm = { z: 1, a: [1, { b: null }], text: 'ü"\\' };
    expect(await upstreams.applyConfig(configOf({ crm }))).toEqual({ version: 1, isNew: true });
    const [read] = await upstreams.readUpstreams();
    expect(JSON.stringify(read?.config)).toBe(JSON.stringify(crm));
  });

  it('that is the same again is not new', async () => {
    await upstreams.applyConfig(configOf({ crm: { a: 1 }, erp: { a: 2 } }));
    expect(await upstreams.applyConfig(configOf({ erp: { a: 2 }, crm: { a: 1 } }))).toEqual({
      version: 1,
      isNew: false,
    });
  });

  it.each([
    ['has another value', { crm: { a: 2 } }],
    ['has one upstream more', { crm: { a: 1 }, erp: {} }],
    ['names it otherwise', { erp: { a: 1 } }],
  ])('that %s counts once for all upstreams', async (_, entries) => {
    await upstreams.applyConfig(configOf({ crm: { a: 1 } }));
    expect(await upstreams.applyConfig(configOf(entries))).toEqual({ version: 2, isNew: true });
    const read = await upstreams.readUpstreams();
    expect(read.map(({ id, version }) => [id, version])).toEqual(Object.keys(entries).map((id) => [id, 2]));
  });

  it('that replicas apply at once counts once', async () => {
    const others = await Promise.all([openAt(corner.url), openAt(corner.url)]);
    const writers = others.map((store) => createUpstreamWriter(store));
    const applied = await Promise.all(
      [...writers, upstreams].map((writer) => writer.applyConfig(configOf({ crm: {} }))),
    );
    expect(applied.map(({ version }) => version)).toEqual([1, 1, 1]);
    expect(applied.filter(({ isNew }) => isNew)).toHaveLength(1);
    await Promise.all(others.map((store) => store.close()));
  });

  it('that changes keeps the key of the partitions, and each upstream has its own', async () => {
    await upstreams.applyConfig(configOf({ crm: { a: 1 }, erp: {} }));
    const [crm, erp] = await upstreams.readUpstreams();
    expect(crm?.partitionKey).toHaveLength(32);
    expect(crm?.partitionKey).not.toEqual(erp?.partitionKey);
    await upstreams.applyConfig(configOf({ crm: { a: 2 } }));
    expect((await upstreams.readUpstreams())[0]?.partitionKey).toEqual(crm?.partitionKey);
  });
});

function resource(path: string, more: Partial<Resource> = {}): Resource {
  const place = { upstream: 'crm', path, key: `key ${path}`, urlHash: `url ${path}` };
  return { ...place, maxAgeMs: null, weight: 1, tags: [], source: 'api', ...more };
}

const configured = (path: string, more: Partial<Resource> = {}): Resource =>
  resource(path, { source: 'config', ...more });
const pathsOf = async (upstream = 'crm'): Promise<string[]> =>
  (await resources.readResources(upstream)).map(({ path }) => path).sort();
const revision = async (): Promise<number | undefined> => (await upstreams.readResourceRevisions()).get('crm');

describe('resources', () => {
  beforeEach(() => upstreams.applyConfig(configOf({ crm: {}, erp: {} })));

  it('come back as they were put, and are counted as added or updated', async () => {
    const one = resource('/1', { maxAgeMs: 30_000, weight: 2.5, tags: ['a', 'b c'] });
    expect(await resources.putResources([one, resource('/2')])).toEqual({ added: 2, updated: 0 });
    const changed = { ...one, maxAgeMs: null, weight: 1, tags: [] };
    expect(await resources.putResources([changed, resource('/3')])).toEqual({ added: 1, updated: 1 });
    expect((await resources.readResources('crm')).find(({ path }) => path === '/1')).toEqual(changed);
    expect(await resources.countResources('crm')).toBe(3);
  });

  it('get the key of where they are now when the base URL has moved', async () => {
    await resources.replaceConfigured('crm', [configured('/1')]);
    await resources.replaceConfigured('crm', [configured('/1', { key: 'moved', urlHash: 'moved too' })]);
    expect(await resources.readResources('crm')).toMatchObject([{ key: 'moved', urlHash: 'moved too' }]);
  });

  it('are listed page by page, in the order of their paths', async () => {
    await resources.putResources(['/c', '/a', '/d', '/b'].map((path) => resource(path)));
    const first = await resources.listResources('crm', '', 3);
    expect(first.map(({ path }) => path)).toEqual(['/a', '/b', '/c']);
    expect(await resources.listResources('crm', '/c', 3)).toMatchObject([{ path: '/d' }]);
  });

  it('are removed by path, by prefix to the letter, or all, of one upstream', async () => {
    await resources.putResources(['/a', '/a_1', '/ab1', '/b'].map((path) => resource(path)));
    await resources.putResources([resource('/a', { upstream: 'erp' })]);
    expect(await resources.removeResources('crm', { kind: 'path', path: '/a' })).toBe(1);
    expect(await resources.removeResources('crm', { kind: 'prefix', prefix: '/a_' })).toBe(1);
    expect(await pathsOf()).toEqual(['/ab1', '/b']);
    expect(await resources.removeResources('crm', { kind: 'all' })).toBe(2);
    expect(await resources.removeResources('crm', { kind: 'all' })).toBe(0);
    expect(await pathsOf('erp')).toEqual(['/a']);
  });

  it('of the configuration become exactly those it names; what came through the API stays', async () => {
    await resources.putResources([resource('/api')]);
    await resources.replaceConfigured('crm', [configured('/1'), configured('/2')]);
    await resources.replaceConfigured('crm', [configured('/2'), configured('/3')]);
    expect(await pathsOf()).toEqual(['/2', '/3', '/api']);
  });

  it('of the configuration may be more than one statement takes', async () => {
    await resources.replaceConfigured(
      'crm',
      Array.from({ length: 5_001 }, (_, i) => configured(`/${i}`)),
    );
    expect(await resources.countResources('crm')).toBe(5_001);
  });

  it('of upstreams that are no more are forgotten', async () => {
    await resources.putResources([resource('/1'), resource('/1', { upstream: 'erp' })]);
    await resources.forgetUpstreamsExcept(['crm']);
    expect([await pathsOf('crm'), await pathsOf('erp')]).toEqual([['/1'], []]);
  });

  it('raise the revision of their upstream with every change, and of no other', async () => {
    const changes = [
      () => resources.putResources([resource('/1')]),
      () => resources.replaceConfigured('crm', [configured('/2')]),
      () => resources.removeResources('crm', { kind: 'path', path: '/1' }),
    ];
    for (const change of changes) {
      const before = (await revision()) ?? 0;
      await change();
      expect(await revision()).toBeGreaterThan(before);
    }
    expect((await upstreams.readResourceRevisions()).get('erp')).toBe(0);
  });

  it('leave the revision as it is when nothing was removed, and over a new configuration', async () => {
    await resources.putResources([resource('/1')]);
    const before = await revision();
    await resources.removeResources('crm', { kind: 'prefix', prefix: '/none' });
    await upstreams.applyConfig(configOf({ crm: { a: 2 } }));
    expect(await revision()).toBe(before);
  });
});
