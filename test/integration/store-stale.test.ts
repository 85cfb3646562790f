import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createResourceWriter, createStaleMarkWriter, createUrlRepository, type UrlSelection } from '#store';
import { answer, at, cornerAt, renewal, storeIn, type Corner } from './store-fixture.js';

let corner: Corner;
let marks: ReturnType<typeof createStaleMarkWriter>;
beforeAll(async () => {
  corner = await storeIn('stale');
  marks = createStaleMarkWriter(corner.store);
});
beforeEach(() => corner.sql('truncate entry, body, known_stale, resource cascade'));
afterAll(() => corner.store.close());

const urlOf = (key: string): { path: string; urlHash: string } => ({ path: `/items/${key}`, urlHash: `url-${key}` });
const mark = (keys: readonly string[], send: number, markedAt = 5_000): Promise<void> =>
  marks.markStale({ upstream: 'crm', urls: keys.map(urlOf), before: at(1, send), markedAt });

describe('a mark of what has changed', () => {
  it('holds what is stored at or below it, and nothing above', async () => {
    await corner.writer.writeEntries([answer('a', at(1, 5), 'one'), answer('b', at(1, 6), 'two')]);
    await mark(['a', 'b'], 5);
    const heads = await corner.repository.readHeads(['a', 'b']);
    expect(new Map(heads.map(({ key, isKnownStale }) => [key, isKnownStale]))).toEqual(
      new Map([
        ['a', true],
        ['b', false],
      ]),
    );
    expect((await corner.repository.readByKey('a'))?.knownStale).toEqual({ before: at(1, 5), sinceMs: 5_000 });
    expect((await corner.repository.readStaleEntries(['url-a', 'url-b'])).map(({ key }) => key)).toEqual(['a']);
  });

  it('does not keep an answer from being stored that was sent for before it', async () => {
    await mark(['a'], 5);
    expect(await corner.writer.writeEntries([answer('a', at(1, 4), 'old')])).toMatchObject([{ kind: 'written' }]);
    expect(await corner.repository.readHeads(['a'])).toMatchObject([{ isKnownStale: true }]);
  });

  it('is raised and never lowered', async () => {
    await mark(['a'], 5);
    await mark(['a'], 7, 6_000);
    await mark(['a'], 6, 7_000);
    expect(await corner.repository.readStaleMarks('crm')).toEqual([{ ...urlOf('a'), before: at(1, 7) }]);
    expect(await corner.repository.readStaleMarks('other')).toEqual([]);
  });

  it('is collected when it is old and everything above it was refreshed', async () => {
    await corner.writer.writeEntries([answer('a', at(1, 5), 'one'), answer('b', at(1, 5), 'one')]);
    await mark(['a', 'b', 'c'], 5, 1_000);
    await mark(['d'], 5, 2_000);
    await corner.writer.writeEntries([renewal('a', at(1, 6), 'one')]);
    expect(await marks.collectStaleMarks(1_500, 100)).toBe(2);
    const left = await corner.repository.readStaleMarks('crm');
    expect(left.map(({ urlHash }) => urlHash).sort()).toEqual(['url-b', 'url-d']);
  });
});

describe('URLs', () => {
  const found = async (selection: UrlSelection): Promise<string[]> => {
    const paths: string[] = [];
    for await (const page of createUrlRepository(corner.store).pagesOfUrls('crm', selection))
      paths.push(...page.map(({ path }) => path));
    return paths.sort();
  };
  const register = (path: string, tags: readonly string[] = []): Promise<unknown> =>
    createResourceWriter(corner.store).putResources([
      { upstream: 'crm', path, key: path, urlHash: path, maxAgeMs: null, weight: 1, tags, source: 'api' },
    ]);

  it('are found by the beginning of their path, stored or registered, and no others', async () => {
    const paths = ['/items/1', '/items/10', '/items/2', '/items', '/Items/1', '/items%2F1'];
    await corner.writer.writeEntries(paths.map((path, i) => answer(`k${i}`, at(1, 1), 'x', { path, urlHash: path })));
    await register('/items/3');
    await register('/other/3');
    expect(await found({ kind: 'prefix', prefix: '/items/' })).toEqual([
      '/items/1',
      '/items/10',
      '/items/2',
      '/items/3',
    ]);
    expect(await found({ kind: 'prefix', prefix: '/items/1' })).toEqual(['/items/1', '/items/10']);
    expect(await found({ kind: 'prefix', prefix: '/items_' })).toEqual([]);
  });

  it('are found once, however many variants and partitions are stored of each', async () => {
    const variants = ['a', 'b', 'c'].map((key) => answer(key, at(1, 1), 'x', { path: '/items/1', urlHash: 'u' }));
    await corner.writer.writeEntries(variants);
    expect(await found({ kind: 'prefix', prefix: '/' })).toEqual(['/items/1']);
  });

  it('are found by page, none twice and none left out, also where their paths are longer than an index takes', async () => {
    await corner.sql(
      `insert into resource (upstream, path, key, url_hash, source)
        select 'crm', '/items/' || n, 'k' || n, 'u' || n, 'api' from generate_series(1, 12000) n`,
    );
    expect(new Set(await found({ kind: 'prefix', prefix: '/items/' })).size).toBe(12_000);
    const long = (tail: string): string => `/long?q=${'x'.repeat(4_000)}${tail}`;
    const writes = ['a', 'b', 'c'].map((key) => answer(key, at(1, 1), 'x', { path: long(key), urlHash: key }));
    await corner.writer.writeEntries(writes);
    expect(await found({ kind: 'prefix', prefix: long('') })).toEqual([long('a'), long('b'), long('c')]);
    expect(await found({ kind: 'prefix', prefix: long('b') })).toEqual([long('b')]);
  });

  it('are found by a tag of their last answer, or of their registration', async () => {
    const tagged = (key: string, tags: readonly string[]) => ({ ...answer(key, at(1, 1), 'x'), tags });
    await corner.writer.writeEntries([tagged('a', ['p', 'q']), tagged('b', ['q']), answer('c', at(1, 1), 'x')]);
    await register('/items/d', ['p']);
    expect(await found({ kind: 'tag', tag: 'p' })).toEqual(['/items/a', '/items/d']);
    await corner.writer.writeEntries([{ ...renewal('a', at(1, 2), 'x'), tags: ['q'] }]);
    expect(await found({ kind: 'tag', tag: 'p' })).toEqual(['/items/d']);
    expect(await found({ kind: 'tag', tag: 'q' })).toEqual(['/items/a', '/items/b']);
  });

  it.each<UrlSelection>([
    { kind: 'tag', tag: 't7' },
    { kind: 'prefix', prefix: '/items/77' },
  ])('are looked for by an index (%j)', async (selection) => {
    const { store, sql } = await filled();
    onTestFinished(() => store.close());
    // Whatever index it is read by: how many rows that brought, counted when the statistics of the one connection are told.
    const rowsRead = async (): Promise<number> => {
      await sql('select pg_stat_force_next_flush()');
      const [row] = await sql<{ n: string }>(
        `select sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) as n from pg_stat_user_tables where relname in ('entry', 'resource')`,
      );
      return Number(row?.n);
    };
    const before = await rowsRead();
    for await (const page of createUrlRepository(store).pagesOfUrls('crm', selection)) expect(page).not.toEqual([]);
    expect((await rowsRead()) - before).toBeLessThan(1_000);
  });
});

/** 20,000 entries, on a single connection. */
async function filled(): Promise<Corner> {
  const { url, store } = await storeIn('stale_grown', { poolSize: 1 });
  const grown = cornerAt(url, store);
  await grown.sql(`insert into body (hash, bytes) values ('h', '')`);
  await grown.sql(
    `insert into entry (key, url_hash, upstream, path, partition, variant, vary, request_fields, fence, send, status, fields,
        requested_at, received_at, lifetime_ms, initial_age_ms, grace_ms, keep_ms, body_hash, body_bytes, tags)
      select 'k' || n, 'u' || n, 'crm', '/items/' || n, 'shared', '', '{}', '[]', 1, 1, 200, '[]', 0, 0, 0, 0, 0, 0, 'h', 0,
        array['t' || n] from generate_series(1, 20000) n`,
  );
  return grown;
}

describe('a change', () => {
  const write = (send: number, body: string, changeHash?: string) => ({
    ...answer('a', at(1, send), body),
    changeHash,
  });
  const changedBy = async (...writes: Parameters<Corner['writer']['writeEntries']>[0]): Promise<unknown> => {
    const [result] = await corner.writer.writeEntries(writes);
    return result?.kind === 'written' && result.changed;
  };

  it('is told by what counts, where both answers say what that is', async () => {
    await changedBy(write(1, 'one', 'h1'));
    expect(await changedBy(write(2, 'two', 'h1'))).toBe(false);
    expect(await changedBy(write(3, 'three', 'h2'))).toBe(true);
  });

  it('is told by the body where one of them does not say', async () => {
    await changedBy(write(1, 'one'));
    expect(await changedBy(write(2, 'two', 'h1'))).toBe(true);
    expect(await changedBy(write(3, 'three'))).toBe(true);
    expect(await changedBy(write(4, 'three', 'h2'))).toBe(false);
  });

  it('is told after a renewal, which keeps what counts', async () => {
    await changedBy(write(1, 'one', 'h1'));
    expect(await changedBy(renewal('a', at(1, 2), 'one'))).toBe(false);
    expect(await changedBy(write(3, 'two', 'h1'))).toBe(false);
    expect(await changedBy(write(4, 'two', 'h1'))).toBe(false);
  });
});
