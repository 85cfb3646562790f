import { expect, it, vi } from 'vitest';
import type { Entry } from '#core';
import type { EntryWrite, EntryWriter } from '#store';
import { CompletionsService } from './completions.service.js';

const NEVER = (): never => {
  throw new Error('expected only entries to be written, found another order');
};

function entryOf(n: number): Entry {
  return {
    key: `k${n}`,
    urlHash: 'u',
    upstream: 'crm',
    path: `/${n}`,
    partition: 'shared',
    variant: '',
    vary: [],
    version: { fence: 1, send: n },
    status: 200,
    fields: [],
    requestedAt: 0,
    receivedAt: 0,
    bodyHash: `h${n}`,
    bodyBytes: 0,
    lifetimeMs: 0,
    initialAgeMs: 0,
    graceMs: 0,
    keepMs: 0,
  };
}

function writerOf(taken: EntryWrite[]): EntryWriter {
  return {
    writeEntries: (writes) => {
      taken.push(...writes);
      return Promise.resolve(
        writes.map(({ entry: { key } }) => ({ kind: 'written', key, changed: true, intervalMs: null })),
      );
    },
    markInvalid: NEVER,
    purgeEntries: NEVER,
    collectEntries: NEVER,
    collectBodies: NEVER,
    collectMarks: NEVER,
  };
}

it('a renewal of what is still on its way brings along by what that counts as changed', async () => {
  const taken: EntryWrite[] = [];
  const completions = new CompletionsService({
    writer: writerOf(taken),
    clock: { now: () => performance.now() },
    logger: { warn: NEVER, error: NEVER } as never,
    maxBytes: 1e9,
  });
  const [first, renewed] = [entryOf(1), { ...entryOf(1), version: { fence: 1, send: 2 } }];
  void completions.keep(first, [], new Uint8Array(1), { tags: ['a'], changeHash: 'c' });
  await completions.keep(renewed, [], undefined, { tags: ['b'] });
  expect(taken).toEqual([{ entry: renewed, requestFields: [], body: new Uint8Array(1), tags: ['b'], changeHash: 'c' }]);
});

it('what a large batch is followed by does not come all in one turn of the event loop', async () => {
  const turns: number[] = [];
  let turn = 0;
  const completions = new CompletionsService({
    writer: writerOf([]),
    clock: { now: () => performance.now() },
    logger: { warn: NEVER, error: NEVER } as never,
    maxBytes: 1e9,
  });
  const next = (): void => {
    turn += 1;
    if (turns.length < 100) setImmediate(next);
  };
  setImmediate(next);
  for (let n = 0; n < 100; n += 1) {
    void completions.keep(entryOf(n), [], new Uint8Array(0)).then(() => turns.push(turn));
  }
  await vi.waitUntil(() => turns.length === 100);
  const inOneTurn = Math.max(...[...new Set(turns)].map((one) => turns.filter((at) => at === one).length));
  expect(inOneTurn).toBeLessThanOrEqual(50);
});
