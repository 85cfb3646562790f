import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createEntryListRepository, createStaleMarkWriter, type EntrySelection } from '#store';
import { answer, at, storeIn, type Corner } from './store-fixture.js';

let corner: Corner;
beforeAll(async () => {
  corner = await storeIn('lookup');
});
beforeEach(() => corner.sql('truncate entry, body, invalid, known_stale cascade'));
afterAll(() => corner.store.close());

describe('a list of entries', () => {
  const all: EntrySelection = { kind: 'prefix', prefix: '/' };
  const list = (selection: EntrySelection = all, after = { path: '', key: '' }, limit = 100) =>
    createEntryListRepository(corner.store).listEntries('crm', selection, after, limit);

  it('comes in pages, by path and then by key, none twice and none left out', async () => {
    const writes = ['a', 'b', 'c', 'd', 'e'].map((key, i) =>
      answer(key, at(1, 1), 'x', { path: i < 3 ? '/same' : `/${key}` }),
    );
    await corner.writer.writeEntries(writes);
    const seen: string[] = [];
    for (let after = { path: '', key: '' }; ;) {
      const page = await list(all, after, 2);
      seen.push(...page.map(({ key }) => key));
      const last = page.at(-1);
      if (last === undefined) break;
      after = last;
    }
    expect(seen).toEqual(['d', 'e', 'a', 'b', 'c']);
  });

  it('tells what a write made invalid, and since when what has changed is known to', async () => {
    await corner.writer.writeEntries([
      answer('a', at(1, 5), 'x'),
      answer('b', at(1, 5), 'x'),
      answer('c', at(1, 6), 'x'),
    ]);
    await corner.writer.markInvalid('url-a', at(1, 5));
    const urls = ['b', 'c'].map((key) => ({ path: `/items/${key}`, urlHash: `url-${key}` }));
    await createStaleMarkWriter(corner.store).markStale({ upstream: 'crm', urls, before: at(1, 5), markedAt: 7_000 });
    const listed = await list();
    expect(listed.map(({ key, isInvalid, staleSince }) => [key, isInvalid, staleSince])).toEqual([
      ['a', true, null],
      ['b', false, 7_000],
      ['c', false, null],
    ]);
  });

  it('has all variants of a URL', async () => {
    const variants = ['a', 'b'].map((key) => answer(key, at(1, 1), 'x', { path: '/items/1', urlHash: 'u' }));
    await corner.writer.writeEntries([...variants, answer('c', at(1, 1), 'x')]);
    expect((await list({ kind: 'url', urlHash: 'u' })).map(({ key }) => key)).toEqual(['a', 'b']);
  });
});

describe('a purge', () => {
  it('takes all that was sent for before it, and lets nothing of that come back', async () => {
    await corner.writer.writeEntries([answer('a', at(1, 5), 'one'), answer('b', at(1, 7), 'two')]);
    expect(await corner.writer.purgeEntries(['url-a', 'url-b', 'url-c'], at(1, 6))).toEqual(['a']);
    expect(await corner.repository.readByKey('a')).toBeUndefined();
    expect((await corner.repository.readByKey('b'))?.invalidAtOrBelow).toEqual(at(1, 6));
    expect(await corner.writer.writeEntries([answer('a', at(1, 6), 'one')])).toMatchObject([{ kind: 'outdated' }]);
    expect(await corner.writer.writeEntries([answer('a', at(1, 7), 'one')])).toMatchObject([{ kind: 'written' }]);
  });

  it('lets its bodies be collected, though not at once', async () => {
    await corner.writer.writeEntries([answer('a', at(1, 5), 'one')]);
    await corner.sql(`update body set touched_at = now() - interval '1 hour'`);
    await corner.writer.purgeEntries(['url-a'], at(1, 6));
    expect(await corner.writer.collectBodies(10)).toBe(0);
    await corner.sql(`update body set touched_at = now() - interval '1 hour'`);
    expect(await corner.writer.collectBodies(10)).toBe(1);
  });
});
