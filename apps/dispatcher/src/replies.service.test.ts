import { expect, test } from 'vitest';
import type { Reply, ReplyWriter } from '#store';
import { RepliesService, type DeferredReply } from './replies.service.js';

const version = { fence: 1, send: 1 };
const reply: DeferredReply = {
  ...{ id: 'a', upstream: 'crm', path: '/x', body: new Uint8Array([1]) },
  outcome: {
    ...{ kind: 'answered', status: 200, upstreamStatus: 200, fields: [], version, requestedAt: 1, receivedAt: 2 },
    ...{ entry: null, from: 'upstream', collapsed: false, bodyStream: null },
  },
};

const away = (): Error => Object.assign(new Error('no connection'), { code: 'ECONNREFUSED' });
const refused = (): Error => Object.assign(new Error('invalid byte sequence'), { code: '22021' });

/** PostgreSQL, in what it says to each try; the last word is said for ever. */
function repliesOn(...words: (Error | undefined)[]): {
  replies: RepliesService;
  written: Reply[];
  tries: () => number;
} {
  const written: Reply[] = [];
  let tries = 0;
  const writer: ReplyWriter = {
    writeReply(given) {
      const word = words[Math.min(tries, words.length - 1)];
      tries += 1;
      if (word !== undefined) return Promise.reject(word);
      written.push(given);
      return Promise.resolve();
    },
    collectReplies: () => Promise.resolve(0),
  };
  const found = (id: string): Promise<Reply | undefined> =>
    id === 'away' ? Promise.reject(away()) : Promise.resolve(written.find((one) => one.id === id));
  const logger = { warn: () => undefined } as never;
  const replies = new RepliesService({
    ...{ writer, logger },
    repository: { readReply: found },
    clock: { now: () => performance.now() },
  });
  return { replies, written, tries: () => tries };
}

test('while PostgreSQL is away an answer waits, and is written after', async () => {
  const { replies, written } = repliesOn(away(), away(), undefined);
  expect(await replies.keep(reply)).toBe(true);
  expect(written).toEqual([reply]);
});

test('what is not written when the process ends is not counted as kept', async () => {
  const { replies, tries } = repliesOn(away());
  const kept = replies.keep(reply);
  await expect.poll(tries).toBeGreaterThan(0);
  replies.close();
  expect(await kept).toBe(false);
});

test('an answer that the store refuses is told as a failure, with what to do', async () => {
  const { replies, written } = repliesOn(refused(), undefined);
  expect(await replies.keep(reply)).toBe(true);
  expect(written).toMatchObject([{ id: 'a', outcome: { kind: 'failed', code: 'internal', receivedStatus: 200 } }]);
  expect(written[0]?.body.byteLength).toBe(0);
  expect((written[0]?.outcome as { detail: string }).detail).toContain('without respond-async');
});

test('what is kept is known, and what nobody can look up counts as not kept', async () => {
  const { replies } = repliesOn(undefined);
  await replies.keep(reply);
  expect(await replies.isKept('a')).toBe(true);
  expect(await replies.isKept('b')).toBe(false);
  expect(await replies.isKept('away')).toBe(false);
});
