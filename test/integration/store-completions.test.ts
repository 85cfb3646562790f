import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createLogger, systemClock } from '#runtime';
import { createEntryWriter, type EntryWrite, type EntryWriter, type Store } from '#store';
// What it promises depends on what PostgreSQL answers, and only from here can both be reached.
// eslint-disable-next-line house/rooms -- the one class of an app that is tested against its server alone
import { CompletionsService, type Kept } from '../../apps/dispatcher/src/completions.service.js';
import {
  answer,
  at,
  badAnswer,
  gateBefore,
  openAt,
  renewal,
  storeIn,
  type Corner,
  type Gate,
} from './store-fixture.js';

const MIB = 1024 * 1024;

let corner: Corner;
let gate: Gate;

beforeAll(async () => {
  corner = await storeIn('completions');
  gate = await gateBefore(corner.url);
});
beforeEach(() => corner.sql('truncate entry, body, invalid'));
afterAll(async () => {
  await gate.close();
  await corner.store.close();
});

/** Completions over a writer that counts its statements. */
function completionsOver(writer: EntryWriter = corner.writer): {
  completions: CompletionsService;
  batches: (readonly EntryWrite[])[];
  logged: string[];
} {
  const batches: (readonly EntryWrite[])[] = [];
  const logged: string[] = [];
  const counting: EntryWriter = {
    ...writer,
    writeEntries: (writes) => {
      batches.push(writes);
      return writer.writeEntries(writes);
    },
  };
  const logger = createLogger('test', 'info', { write: (line) => void logged.push(line) });
  const completions = new CompletionsService({ writer: counting, clock: systemClock, logger, maxBytes: MIB });
  return { completions, batches, logged };
}

async function completionsBehindTheGate(): Promise<CompletionsService> {
  const store = await openAt(gate.url, { poolSize: 2 });
  onTestFinished(() => store.close());
  return completionsOver(createEntryWriter(store)).completions;
}

const keep = (completions: CompletionsService, { entry, requestFields, body }: EntryWrite): Promise<Kept> =>
  completions.keep(entry, requestFields, body);
const bodyOf = async (key: string): Promise<string> =>
  Buffer.from((await corner.repository.readByKey(key))?.body ?? []).toString();

describe('answers that come together', () => {
  it('are written in one statement', async () => {
    const { completions, batches } = completionsOver();
    const kept = await Promise.all(
      [1, 2, 3, 4, 5].map((n) => keep(completions, answer(`k${n}`, at(1, n), `body ${n}`))),
    );
    expect(kept).toEqual(
      [1, 2, 3, 4, 5].map((n) => ({ kind: 'written', key: `k${n}`, changed: true, intervalMs: null })),
    );
    expect(batches.map((batch) => batch.length)).toEqual([5]);
  });

  it('for one key are written once, in the newest version, wherever it stands', async () => {
    const { completions, batches } = completionsOver();
    const kept = await Promise.all([
      keep(completions, answer('a', at(1, 1), 'one')),
      keep(completions, answer('a', at(1, 3), 'three')),
      keep(completions, answer('a', at(1, 2), 'two')),
    ]);
    expect(kept.map(({ kind }) => kind)).toEqual(['outdated', 'written', 'outdated']);
    expect(batches.map((batch) => batch.length)).toEqual([1]);
    expect(await bodyOf('a')).toBe('three');
  });

  it('are written apart from one that the store refuses, which alone is given up', async () => {
    const { completions, logged } = completionsOver();
    const good = [1, 2, 3, 4, 5, 6, 7].map((n) => answer(`k${n}`, at(1, n), `body ${n}`));
    const kept = await Promise.all(
      [...good.slice(0, 3), badAnswer('bad'), ...good.slice(3)].map((w) => keep(completions, w)),
    );
    expect(kept.filter(({ kind }) => kind === 'written')).toHaveLength(7);
    expect(kept[3]).toEqual({ kind: 'refused', key: 'bad' });
    expect(await corner.repository.readHeads(good.map(({ entry }) => entry.key))).toHaveLength(7);
    expect(logged.filter((line) => line.includes('the store refused an answer'))).toHaveLength(1);
    expect(completions.fullness()).toBe(0);
  });

  it('are no more in one statement than fit into one message, however many wait', async () => {
    const { completions, batches } = completionsOver();
    const large = 'x'.repeat(9 * MIB);
    await Promise.all([1, 2, 3].map((n) => keep(completions, answer(`k${n}`, at(1, n), `${n}${large}`))));
    expect(batches.map((batch) => batch.length)).toEqual([1, 1, 1]);
    expect((await bodyOf('k3')).length).toBe(large.length + 1);
  });
});

describe('answers are gathered', () => {
  const gathered = (count: number, from: number): EntryWrite[] =>
    Array.from({ length: count }, (_, n) => answer(`k${from + n}`, at(1, 1), 'x'));
  /** Takes all at once: what is looked at is when it is asked. */
  const taking: EntryWriter = {
    ...createEntryWriter({} as Store),
    writeEntries: (writes) =>
      Promise.resolve(writes.map(({ entry: { key } }) => ({ kind: 'written', key, changed: true, intervalMs: null }))),
  };
  const sizesAfter = async (...steps: readonly [count: number, thenMs: number][]): Promise<number[]> => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { completions, batches } = completionsOver(taking);
    let from = 0;
    for (const [count, thenMs] of steps) {
      for (const write of gathered(count, from)) void keep(completions, write);
      from += count;
      await vi.advanceTimersByTimeAsync(thenMs);
    }
    return batches.map((batch) => batch.length);
  };

  it('for 40 ms where few come', async () => {
    expect(await sizesAfter([2, 39])).toEqual([]);
    expect(await sizesAfter([2, 30], [3, 10])).toEqual([5]);
  });

  it('for 100 ms where many come', async () => {
    expect(await sizesAfter([16, 99])).toEqual([]);
    expect(await sizesAfter([16, 90], [20, 10])).toEqual([36]);
  });

  it('no longer than until there are as many as one statement takes, and the next ones have their whole time', async () => {
    expect(await sizesAfter([30, 90], [170, 5])).toEqual([200]);
    expect(await sizesAfter([30, 90], [172, 5], [3, 34])).toEqual([200]);
    expect(await sizesAfter([30, 90], [172, 5], [3, 36])).toEqual([200, 5]);
  });
});

describe('an entry that is renewed before it is committed', () => {
  it('takes its body along, since the older of the two is not written', async () => {
    const { completions, batches } = completionsOver();
    const kept = await Promise.all([
      keep(completions, answer('a', at(1, 1), 'x')),
      keep(completions, renewal('a', at(1, 2), 'x', { etag: '"2"' })),
    ]);
    expect(kept.map(({ kind }) => kind)).toEqual(['outdated', 'written']);
    expect(batches.map((batch) => batch.length)).toEqual([1]);
    expect(await bodyOf('a')).toBe('x');
    expect((await corner.repository.readByKey('a'))?.entry.etag).toBe('"2"');
  });

  it('does not take along a body that is not its own', async () => {
    const { completions } = completionsOver();
    const kept = await Promise.all([
      keep(completions, answer('a', at(1, 1), 'x')),
      keep(completions, renewal('a', at(1, 2), 'other')),
    ]);
    expect(kept.map(({ kind }) => kind)).toEqual(['outdated', 'refused']);
  });
});

describe('while PostgreSQL is away', () => {
  it('answers wait, can be read, count as fullness, and are written once it is back', async () => {
    const completions = await completionsBehindTheGate();
    await gate.close();
    const first = keep(completions, answer('a', at(1, 1), 'x'.repeat(MIB / 2)));
    const second = keep(completions, renewal('a', at(1, 2), 'x'.repeat(MIB / 2)));
    const other = keep(completions, answer('b', at(1, 3), 'y'));
    expect(completions.pending('a')?.entry.version).toEqual(at(1, 2));
    expect(completions.pending('a')?.body).toHaveLength(MIB / 2);
    expect(completions.fullness()).toBeGreaterThan(0.5);
    await expect(Promise.race([first, second, other, paused(200)])).resolves.toBe('still waiting');

    await gate.open();
    expect((await Promise.all([first, second, other])).map(({ kind }) => kind)).toEqual([
      'outdated',
      'written',
      'written',
    ]);
    expect(await bodyOf('b')).toBe('y');
    expect(completions.pending('a')).toBeUndefined();
    expect(completions.fullness()).toBe(0);
  });

  it('a renewal that comes while its entry is being tried again is written after it', async () => {
    const completions = await completionsBehindTheGate();
    await gate.close();
    const first = keep(completions, answer('a', at(1, 1), 'x'));
    await paused(50);
    const second = keep(completions, renewal('a', at(1, 2), 'x'));
    await gate.open();
    expect((await Promise.all([first, second])).map(({ kind }) => kind)).toEqual(['written', 'written']);
    expect((await corner.repository.readByKey('a'))?.entry.version).toEqual(at(1, 2));
  });

  it('the end of the process is not held up longer than it allows, nor broken', async () => {
    const completions = await completionsBehindTheGate();
    await gate.close();
    onTestFinished(() => gate.open());
    void keep(completions, answer('a', at(1, 1), 'x'));
    const begun = systemClock.now();
    await completions.close(150);
    expect(systemClock.now() - begun).toBeLessThan(1_000);
    await paused(500); // a rejection that nobody takes would fail the run
  });
});

it('the end of the process waits for what is being written', async () => {
  const { completions, batches } = completionsOver();
  const kept = keep(completions, answer('a', at(1, 1), 'x'));
  await vi.waitFor(() => expect(batches).toHaveLength(1), { interval: 1 });
  await completions.close(2_000);
  expect(await corner.repository.readHeads(['a'])).toHaveLength(1);
  await kept;
});

function paused(ms: number): Promise<'still waiting'> {
  return new Promise((resolve) => setTimeout(() => resolve('still waiting'), ms));
}
