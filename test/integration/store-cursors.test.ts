import { afterAll, beforeAll, expect, it } from 'vitest';
import { createListCursorRepository, createListCursorWriter } from '#store';
import { storeIn, type Corner } from './store-fixture.js';

let corner: Corner;
beforeAll(async () => {
  corner = await storeIn('cursors');
});
afterAll(() => corner.store.close());

it('how far a list was read is kept, and never set back', async () => {
  const [writer, repository] = [createListCursorWriter(corner.store), createListCursorRepository(corner.store)];
  const list = { upstream: 'crm', call: '/items?since={since}' };
  expect(await repository.readSince(list)).toBeUndefined();
  await writer.writeSince(list, 1_700_000_000_000.5);
  await writer.writeSince(list, 1_600_000_000_000);
  expect(await repository.readSince(list)).toBe(1_700_000_000_000);
  await writer.writeSince(list, 1_800_000_000_000);
  expect(await repository.readSince(list)).toBe(1_800_000_000_000);
  expect(await repository.readSince({ ...list, upstream: 'erp' })).toBeUndefined();
});
