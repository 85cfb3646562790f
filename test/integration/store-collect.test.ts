import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answer, at, hashOf, renewal, storeIn, type Corner } from './store-fixture.js';

let corner: Corner;

beforeAll(async () => {
  corner = await storeIn('collect');
});
beforeEach(() => corner.sql('truncate entry, body, invalid'));
afterAll(() => corner.store.close());

const ALL = 1_000;
const bodies = async (): Promise<string[]> =>
  (await corner.sql<{ hash: string }>('select hash from body order by hash')).map((row) => row.hash);
const sixMinutesPass = (): Promise<unknown> =>
  corner.sql(`update body set touched_at = touched_at - interval '6 minutes'`);

describe('entries', () => {
  it('are collected once ttl, grace and keep are over, counted from when the answer was made', async () => {
    const kept = { receivedAt: 1_000, initialAgeMs: 50, lifetimeMs: 100, graceMs: 200, keepMs: 300 };
    await corner.writer.writeEntries([
      answer('a', at(1, 1), 'x', kept),
      answer('b', at(1, 2), 'x', { ...kept, keepMs: 301 }),
    ]);
    expect(await corner.writer.collectEntries(1_550, ALL)).toEqual([]);
    expect(await corner.writer.collectEntries(1_551, ALL)).toEqual([{ upstream: 'crm', key: 'a' }]);
    expect(await corner.repository.readHeads(['a', 'b'])).toMatchObject([{ key: 'b' }]);
  });

  it('are collected no more at a time than is asked for', async () => {
    await corner.writer.writeEntries(['a', 'b', 'c'].map((key) => answer(key, at(1, 1), 'x')));
    expect(await corner.writer.collectEntries(9_999, 2)).toHaveLength(2);
    expect(await corner.writer.collectEntries(9_999, 2)).toHaveLength(1);
  });

  it('may be written again afterwards, in any version', async () => {
    await corner.writer.writeEntries([answer('a', at(5, 5), 'x')]);
    await corner.writer.collectEntries(9_999, ALL);
    expect(await corner.writer.writeEntries([answer('a', at(1, 1), 'x')])).toMatchObject([{ kind: 'written' }]);
  });
});

describe('a body', () => {
  it('stays as long as an entry refers to it, however old it is', async () => {
    await corner.writer.writeEntries([answer('a', at(1, 1), 'x'), answer('b', at(1, 2), 'x')]);
    await corner.writer.writeEntries([answer('a', at(1, 3), 'y')]);
    await sixMinutesPass();
    expect(await corner.writer.collectBodies(ALL)).toBe(0);
    expect(await bodies()).toEqual([hashOf('x'), hashOf('y')].sort());
  });

  it('goes five minutes after the last entry has exchanged it', async () => {
    await corner.writer.writeEntries([answer('a', at(1, 1), 'x')]);
    await sixMinutesPass();
    await corner.writer.writeEntries([answer('a', at(1, 2), 'y')]);
    expect(await corner.writer.collectBodies(ALL)).toBe(0);
    await sixMinutesPass();
    expect(await corner.writer.collectBodies(ALL)).toBe(1);
    expect(await bodies()).toEqual([hashOf('y')]);
  });

  it('goes five minutes after its last entry was collected, so that a renewal still finds it', async () => {
    await corner.writer.writeEntries([answer('a', at(1, 1), 'x')]);
    await sixMinutesPass();
    await corner.writer.collectEntries(9_999, ALL);
    expect(await corner.writer.collectBodies(ALL)).toBe(0);
    expect(await corner.writer.writeEntries([renewal('a', at(1, 2), 'x')])).toMatchObject([{ kind: 'written' }]);
    await corner.writer.collectEntries(9_999, ALL);
    await sixMinutesPass();
    expect(await corner.writer.collectBodies(ALL)).toBe(1);
  });

  it('is not lost when it is exchanged and exchanged back', async () => {
    await corner.writer.writeEntries([answer('a', at(1, 1), 'x')]);
    await corner.writer.writeEntries([answer('a', at(1, 2), 'y')]);
    await sixMinutesPass();
    await corner.writer.writeEntries([answer('a', at(1, 3), 'x')]);
    await corner.writer.collectBodies(ALL);
    expect((await corner.repository.readByKey('a'))?.entry.bodyHash).toBe(hashOf('x'));
    expect(await bodies()).toContain(hashOf('y')); // left just now
  });

  it('that comes back after it was collected is stored again', async () => {
    await corner.writer.writeEntries([answer('a', at(1, 1), 'x')]);
    await corner.writer.writeEntries([answer('a', at(1, 2), 'y')]);
    await sixMinutesPass();
    await corner.writer.collectBodies(ALL);
    await corner.writer.writeEntries([answer('a', at(1, 3), 'x')]);
    expect(Buffer.from((await corner.repository.readByKey('a'))?.body ?? []).toString()).toBe('x');
  });

  it('that an outdated answer brought goes too', async () => {
    await corner.writer.writeEntries([answer('a', at(2, 1), 'x')]);
    await corner.writer.writeEntries([answer('a', at(1, 1), 'late')]);
    await sixMinutesPass();
    expect(await corner.writer.collectBodies(ALL)).toBe(1);
    expect(await bodies()).toEqual([hashOf('x')]);
  });

  it('that someone brings again is kept for five minutes from then', async () => {
    await corner.writer.writeEntries([answer('a', at(2, 1), 'x'), answer('b', at(2, 2), 'y')]);
    await corner.writer.writeEntries([answer('b', at(2, 3), 'x')]);
    await sixMinutesPass();
    await corner.writer.writeEntries([answer('b', at(1, 1), 'y')]); // outdated
    expect(await corner.writer.collectBodies(ALL)).toBe(0);
  });

  it('is collected with no more others at a time than is asked for', async () => {
    await corner.writer.writeEntries(['x', 'y', 'z'].map((body) => answer(body, at(1, 1), body)));
    await corner.writer.collectEntries(9_999, ALL);
    await sixMinutesPass();
    expect([await corner.writer.collectBodies(2), await corner.writer.collectBodies(2)]).toEqual([2, 1]);
  });
});

describe('a mark', () => {
  const twoHoursPass = (): Promise<unknown> =>
    corner.sql(`update invalid set marked_at = marked_at - interval '2 hours'`);

  it('goes an hour after it was set', async () => {
    await corner.writer.markInvalid('url-a', at(1, 5));
    expect(await corner.writer.collectMarks()).toBe(0);
    await twoHoursPass();
    expect(await corner.writer.collectMarks()).toBe(1);
  });

  it('stays as long as an entry is held back by it', async () => {
    await corner.writer.writeEntries([answer('a', at(1, 5), 'x')]);
    await corner.writer.markInvalid('url-a', at(1, 5));
    await twoHoursPass();
    expect(await corner.writer.collectMarks()).toBe(0);
    await corner.writer.writeEntries([answer('a', at(1, 6), 'x')]);
    expect(await corner.writer.collectMarks()).toBe(1);
  });

  it('counts its hour anew when it is raised', async () => {
    await corner.writer.markInvalid('url-a', at(1, 5));
    await twoHoursPass();
    await corner.writer.markInvalid('url-a', at(1, 6));
    expect(await corner.writer.collectMarks()).toBe(0);
  });
});
