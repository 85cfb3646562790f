import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createStaleMarkWriter } from '#store';
import { answer, at, badAnswer, cornerAt, hashOf, renewal, storeIn, type Corner } from './store-fixture.js';

let corner: Corner;

beforeAll(async () => {
  corner = await storeIn('entries');
});
beforeEach(() => corner.sql('truncate entry, body, invalid, known_stale'));
afterAll(() => corner.store.close());

const bodyOf = async (key: string): Promise<string | undefined> => {
  const stored = await corner.repository.readByKey(key);
  return stored && Buffer.from(stored.body).toString();
};
const bodies = async (): Promise<string[]> =>
  (await corner.sql<{ hash: string }>('select hash from body order by hash')).map((row) => row.hash);

describe('an entry', () => {
  it('comes back as it was written', async () => {
    const more = { vary: ['accept'], variant: 'v', etag: '"1"', lastModified: 'Tue, 01 Jul 2025 00:00:00 GMT' };
    const write = { ...answer('a', at(1, 1), '{"n":1}', more), requestFields: [['accept', 'x/y'] as const] };
    await corner.writer.writeEntries([write]);
    const stored = await corner.repository.readByKey('a');
    expect(stored).toMatchObject({ entry: write.entry, requestFields: [['accept', 'x/y']], invalidAtOrBelow: null });
    expect(await bodyOf('a')).toBe('{"n":1}');
  });

  it('keeps bytes that are no text', async () => {
    const bytes = Buffer.from([0, 255, 92, 39, 10]);
    await corner.writer.writeEntries([{ ...answer('a', at(1, 1), 'x'), body: bytes }]);
    expect((await corner.repository.readByKey('a'))?.body).toEqual(bytes);
  });

  it('keeps text that is not ASCII, quotes, and what is not there', async () => {
    const write = answer('ключ', at(1, 1), '{"名":"Ω"}', {
      path: '/items/"a,b"\\{}?q=é',
      vary: ['accept', 'accept-language'],
      fields: [['x-note', '"quoted, \\ and {braced}" ß']],
    });
    await corner.writer.writeEntries([write, answer('b', at(1, 2), '', { etag: '' })]);
    expect((await corner.repository.readByKey('ключ'))?.entry).toEqual(write.entry);
    expect(await corner.repository.readByKey('b')).toMatchObject({
      entry: { etag: '', vary: [] },
      body: Buffer.alloc(0),
    });
  });

  it('keeps numbers as large as JavaScript holds exactly, and times before 1970', async () => {
    const extremes = {
      keepMs: Number.MAX_SAFE_INTEGER,
      receivedAt: -1,
      requestedAt: -(2 ** 40) - 1,
      lifetimeMs: 2 ** 32,
    };
    await corner.writer.writeEntries([answer('a', at(2 ** 33 + 5, 2 ** 45), 'x', extremes)]);
    expect((await corner.repository.readByKey('a'))?.entry).toMatchObject({
      ...extremes,
      version: at(2 ** 33 + 5, 2 ** 45),
    });
  });

  it('is found by URL in its partition only', async () => {
    const url = { urlHash: 'u' };
    await corner.writer.writeEntries([
      answer('a', at(1, 1), 'x', url),
      answer('b', at(1, 2), 'y', { ...url, variant: 'v' }),
      answer('c', at(1, 3), 'z', { ...url, partition: 'p' }),
    ]);
    const shared = await corner.repository.readByUrl('u', 'shared');
    expect(shared.map(({ entry }) => entry.key).sort()).toEqual(['a', 'b']);
  });

  it('is replaced by a newer version, of the same fence and of a higher one', async () => {
    await corner.writer.writeEntries([answer('a', at(1, 9), 'one')]);
    await corner.writer.writeEntries([answer('a', at(1, 10), 'two')]);
    expect(await bodyOf('a')).toBe('two');
    await corner.writer.writeEntries([answer('a', at(2, 1), 'three', { status: 404 })]);
    expect(await bodyOf('a')).toBe('three');
    expect((await corner.repository.readByKey('a'))?.entry.status).toBe(404);
  });

  it.each([
    ['the same', at(2, 5)],
    ['an older one of the same fence', at(2, 4)],
    ['one of a lower fence', at(1, 99)],
  ])('is not replaced by a version that is %s', async (_, version) => {
    await corner.writer.writeEntries([answer('a', at(2, 5), 'new')]);
    expect(await corner.writer.writeEntries([answer('a', version, 'old')])).toEqual([{ kind: 'outdated', key: 'a' }]);
    expect(await bodyOf('a')).toBe('new');
  });

  it('is told as changed when it is the first or has another body, and else not, with the time since the one before', async () => {
    const told = async (write: ReturnType<typeof answer>): Promise<unknown> =>
      (await corner.writer.writeEntries([write]))[0];
    const written = (changed: boolean, intervalMs: number | null): unknown => ({
      ...{ kind: 'written', key: 'a', changed, intervalMs },
    });
    expect(await told(answer('a', at(1, 1), 'x', { requestedAt: 1_000 }))).toEqual(written(true, null));
    expect(await told(answer('a', at(1, 2), 'x', { requestedAt: 1_500 }))).toEqual(written(false, 500));
    expect(await told(renewal('a', at(1, 3), 'x', { requestedAt: 4_000 }))).toEqual(written(false, 2_500));
    expect(await told(answer('a', at(1, 4), 'y', { requestedAt: 4_010 }))).toEqual(written(true, 10));
  });

  it('is renewed by a 304 without its body', async () => {
    await corner.writer.writeEntries([answer('a', at(1, 1), 'x')]);
    await corner.writer.writeEntries([renewal('a', at(1, 2), 'x', { receivedAt: 9_000, etag: '"2"' })]);
    expect((await corner.repository.readByKey('a'))?.entry).toMatchObject({ receivedAt: 9_000, etag: '"2"' });
    expect(await bodyOf('a')).toBe('x');
  });

  it('loses a validator that the newer version does not have', async () => {
    await corner.writer.writeEntries([answer('a', at(1, 1), 'x', { etag: '"1"' })]);
    await corner.writer.writeEntries([answer('a', at(1, 2), 'y')]);
    expect((await corner.repository.readHeads(['a']))[0]?.etag).toBeNull();
  });
});

describe('a batch', () => {
  it('answers in the order of its writes, each for itself', async () => {
    await corner.writer.writeEntries([answer('b', at(1, 5), 'x')]);
    const results = await corner.writer.writeEntries([
      answer('c', at(1, 6), 'x'),
      answer('b', at(1, 4), 'y'),
      answer('a', at(1, 7), 'z'),
    ]);
    expect(results.map(({ kind, key }) => [kind, key])).toEqual([
      ['written', 'c'],
      ['outdated', 'b'],
      ['written', 'a'],
    ]);
  });

  it('stores a body once, whoever brings it', async () => {
    await corner.writer.writeEntries([answer('a', at(1, 1), 'same'), answer('b', at(1, 2), 'same')]);
    await corner.writer.writeEntries([answer('c', at(1, 3), 'same')]);
    expect(await bodies()).toEqual([hashOf('same')]);
  });

  it('lets two entries exchange their bodies', async () => {
    await corner.writer.writeEntries([answer('a', at(1, 1), 'x'), answer('b', at(1, 2), 'y')]);
    await corner.sql(`update body set touched_at = now() - interval '1 hour'`);
    const results = await corner.writer.writeEntries([answer('a', at(1, 3), 'y'), answer('b', at(1, 4), 'x')]);
    expect(results).toMatchObject([{ changed: true }, { changed: true }]);
    expect([await bodyOf('a'), await bodyOf('b')]).toEqual(['y', 'x']);
  });

  it('lets one entry leave the body that another one renews', async () => {
    await corner.writer.writeEntries([answer('a', at(1, 1), 'x'), answer('b', at(1, 2), 'x')]);
    await corner.writer.writeEntries([answer('a', at(1, 3), 'y'), renewal('b', at(1, 4), 'x')]);
    expect([await bodyOf('a'), await bodyOf('b')]).toEqual(['y', 'x']);
  });

  it('lets several entries leave one body at once', async () => {
    await corner.writer.writeEntries([answer('a', at(1, 1), 'x'), answer('b', at(1, 2), 'x')]);
    await corner.writer.writeEntries([answer('a', at(1, 3), 'y'), answer('b', at(1, 4), 'z')]);
    expect(await bodies()).toEqual([hashOf('x'), hashOf('y'), hashOf('z')].sort());
  });

  it('fails as a whole when one of its rows is bad', async () => {
    const batch = [answer('a', at(1, 1), 'x'), badAnswer('b')];
    await expect(corner.writer.writeEntries(batch)).rejects.toMatchObject({ code: '22003' });
    expect(await corner.repository.readByKey('a')).toBeUndefined();
    expect(await bodies()).toEqual([]);
  });

  it('fails as a whole when a body that one of its rows needs is not stored', async () => {
    const batch = [answer('a', at(1, 1), 'x'), renewal('b', at(1, 2), 'never seen')];
    await expect(corner.writer.writeEntries(batch)).rejects.toMatchObject({ code: '23503' });
    expect(await corner.repository.readByKey('a')).toBeUndefined();
  });

  it.each([NaN, Infinity, 2 ** 60])('is refused for a row whose number is %d, by the server', async (keepMs) => {
    await expect(corner.writer.writeEntries([answer('a', at(1, 1), 'x', { keepMs })])).rejects.toMatchObject({
      code: '23502',
    });
  });

  it('reads no table whole once they have grown, though its plan was made when a look at all of them was cheapest', async () => {
    const { url, store } = await storeIn('grown', { poolSize: 1 });
    onTestFinished(() => store.close());
    const grown = cornerAt(url, store);
    const refresh = async (round: number, first = 0): Promise<void> => {
      const keys = Array.from({ length: 20 }, (_, i) => `k${first + i}`);
      await grown.writer.writeEntries(keys.map((key) => answer(key, at(round, 1), `body ${round} ${key}`)));
      await grown.repository.readHeads(keys);
    };
    const readWhole = async (): Promise<unknown[]> => {
      await grown.sql('select pg_stat_force_next_flush()');
      return grown.sql(
        `select relname, seq_tup_read from pg_stat_user_tables where relname in ('body', 'entry', 'invalid') order by 1`,
      );
    };
    await refresh(1);
    await grown.sql('analyze');
    for (let round = 2; round < 10; round += 1) await refresh(round); // five times planned anew, then never again
    const before = await readWhole();
    for (let first = 0; first < 400; first += 20) await refresh(10, first);
    expect(await readWhole()).toEqual(before);
    expect(before).toHaveLength(3);
  });

  it('stores bodies without the codec that costs more than all the rest', async () => {
    await corner.writer.writeEntries([answer('a', at(1, 1), 'x'.repeat(5_000))]);
    const [row] = await corner.sql<{ codec: string | null }>('select pg_column_compression(bytes) as codec from body');
    expect([null, 'lz4']).toContain(row?.codec);
  });

  it('may be empty', async () => {
    expect(await corner.writer.writeEntries([])).toEqual([]);
  });
});

describe('the mark of a write', () => {
  it.each([
    ['at the mark', at(2, 5), 'outdated'],
    ['below it', at(1, 9), 'outdated'],
    ['above it', at(2, 6), 'written'],
    ['of a higher fence', at(3, 1), 'written'],
  ])('leaves an answer that is %s %#', async (_, version, kind) => {
    await corner.writer.markInvalid('url-a', at(2, 5));
    expect(await corner.writer.writeEntries([answer('a', version, 'x')])).toMatchObject([{ kind }]);
  });

  it('holds for every partition and variant of the URL, and for no other URL', async () => {
    await corner.writer.markInvalid('u', at(1, 5));
    const results = await corner.writer.writeEntries([
      answer('a', at(1, 1), 'x', { urlHash: 'u' }),
      answer('b', at(1, 2), 'x', { urlHash: 'u', partition: 'p', variant: 'v' }),
      answer('c', at(1, 3), 'x'),
    ]);
    expect(results.map(({ kind }) => kind)).toEqual(['outdated', 'outdated', 'written']);
  });

  it('is told with what was stored before it, until a newer answer is stored', async () => {
    await corner.writer.writeEntries([answer('a', at(1, 5), 'x')]);
    await corner.writer.markInvalid('url-a', at(1, 5));
    expect((await corner.repository.readByKey('a'))?.invalidAtOrBelow).toEqual(at(1, 5));
    expect(await corner.repository.readHeads(['a'])).toMatchObject([{ isInvalid: true }]);
    await corner.writer.writeEntries([answer('a', at(1, 6), 'y')]);
    expect(await corner.repository.readHeads(['a'])).toMatchObject([{ isInvalid: false, version: at(1, 6) }]);
  });

  it('is never lowered', async () => {
    await corner.writer.markInvalid('url-a', at(2, 5));
    for (const lower of [at(2, 4), at(1, 99)]) await corner.writer.markInvalid('url-a', lower);
    expect(await corner.sql('select fence, send from invalid')).toEqual([{ fence: 2, send: 5 }]);
    await corner.writer.markInvalid('url-a', at(3, 1));
    expect(await corner.sql('select fence, send from invalid')).toEqual([{ fence: 3, send: 1 }]);
  });
});

it('the scheduler is told the times of shared entries only, of the URLs that it names', async () => {
  await corner.writer.writeEntries([
    answer('a', at(1, 1), 'x'),
    answer('b', at(1, 2), 'x', { partition: 'p' }),
    answer('c', at(1, 3), 'x'),
  ]);
  const times = await corner.repository.readTimesOf(['url-a', 'url-b', 'url-d']);
  expect(times).toEqual([
    {
      ...{ key: 'a', urlHash: 'url-a', variant: '', requestedAt: 1_000, version: at(1, 1) },
      ...{ invalidAtOrBelow: null, staleAtOrBelow: null },
    },
  ]);
});

it('the scheduler is told of the marks on the URLs that it names', async () => {
  await corner.writer.writeEntries([answer('a', at(1, 1), 'x')]);
  await corner.writer.markInvalid('url-a', at(1, 7));
  const urls = [{ path: '/a', urlHash: 'url-a' }];
  await createStaleMarkWriter(corner.store).markStale({ upstream: 'crm', urls, before: at(2, 3), markedAt: 1_000 });
  const [time] = await corner.repository.readTimesOf(['url-a']);
  expect(time).toMatchObject({ version: at(1, 1), invalidAtOrBelow: at(1, 7), staleAtOrBelow: at(2, 3) });
});

it('the URLs that something is stored of come page by page, each once', async () => {
  await corner.writer.writeEntries([
    answer('a', at(1, 1), 'x', { urlHash: 'url-1' }),
    answer('b', at(1, 2), 'x', { urlHash: 'url-2' }),
    answer('c', at(1, 3), 'x', { urlHash: 'url-2', partition: 'p' }),
    answer('d', at(1, 4), 'x', { urlHash: 'url-3' }),
  ]);
  expect(await corner.repository.readUrlHashes('', 2)).toEqual(['url-1', 'url-2']);
  expect(await corner.repository.readUrlHashes('url-2', 2)).toEqual(['url-3']);
});
