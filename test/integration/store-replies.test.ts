import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createReplyRepository, createReplyWriter, type Reply, type ReplyRepository, type ReplyWriter } from '#store';
import { storeIn, type Corner } from './store-fixture.js';

let corner: Corner;
let writer: ReplyWriter;
let repository: ReplyRepository;
beforeAll(async () => {
  corner = await storeIn('replies');
  [writer, repository] = [createReplyWriter(corner.store), createReplyRepository(corner.store)];
});
beforeEach(() => corner.sql('truncate reply'));
afterAll(() => corner.store.close());

const replyOf = (id: string, more: Partial<Reply> = {}): Reply => ({
  ...{
    id,
    upstream: 'crm',
    path: '/x?q',
    outcome: { kind: 'answered', status: 200 },
    body: new Uint8Array([0, 255, 1]),
  },
  ...more,
});
const secondsPass = (seconds: number): Promise<unknown> =>
  corner.sql(`update reply set done_at = done_at - make_interval(secs => $1)`, [seconds]);

it('a reply comes back as it was written, byte for byte', async () => {
  // A view of part of a buffer, as bodies are.
  const body = new Uint8Array([9, 0, 255, 1, 9]).subarray(1, 4);
  const outcome = { kind: 'failed', code: 'paused', detail: 'a \u0000 in it', resumeAt: 1_700_000_000_000.5 };
  await writer.writeReply(replyOf('a', { body, outcome }));
  const found = await repository.readReply('a');
  expect(found).toMatchObject({ id: 'a', upstream: 'crm', path: '/x?q', outcome });
  expect([...(found?.body ?? [])]).toEqual([0, 255, 1]);
  expect(await repository.readReply('b')).toBeUndefined();
});

it('what was written first stays: work that comes twice changes no answer', async () => {
  await writer.writeReply(replyOf('a'));
  await writer.writeReply(replyOf('a', { outcome: { kind: 'failed' }, path: '/y' }));
  expect(await repository.readReply('a')).toMatchObject({ path: '/x?q', outcome: { kind: 'answered' } });
});

it('is there for ten minutes', async () => {
  await writer.writeReply(replyOf('a'));
  await secondsPass(595);
  expect(await repository.readReply('a')).toBeDefined();
  await secondsPass(6);
  expect(await repository.readReply('a')).toBeUndefined();
});

it('is collected after that, no more at a time than is asked for', async () => {
  for (const id of ['a', 'b', 'c']) await writer.writeReply(replyOf(id));
  await secondsPass(601);
  await writer.writeReply(replyOf('d'));
  expect(await writer.collectReplies(2)).toBe(2);
  expect(await writer.collectReplies(2)).toBe(1);
  expect(await writer.collectReplies(2)).toBe(0);
  expect(await corner.sql('select id from reply')).toEqual([{ id: 'd' }]);
});

it('reads and collects by an index, however many there are', async () => {
  const plan = async (sql: string): Promise<string> => JSON.stringify(await corner.sql(`explain ${sql}`));
  expect(await plan(`select 1 from reply where id = 'a'`)).toContain('reply_pkey');
  expect(await plan(`select 1 from reply where done_at < now() order by done_at limit 1`)).toContain('reply_done_at');
});
