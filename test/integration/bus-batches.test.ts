import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { again, dead, done, drop, each, openPull } from '#bus';
import type { Delivery, Pull, PullOptions, SingleVerdict, Verdict } from '#bus';
import { batchToken, type Batch, type ConsumerDeclaration, type DeadMessage, type FetchItem } from '#contracts';
import { startNats, type RealServer } from '../support/real-servers.js';
import { busIn, eventually, gate, leave, natsVersions, type Corner } from './bus-fixture.js';

type Items = Batch<FetchItem>;

describe.each(natsVersions)('batches of work from the %s server', (version) => {
  let server: RealServer;
  let corner: Corner;
  let pulls: Pull[];

  beforeAll(async () => {
    server = await startNats({ version });
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    pulls = [];
    corner = await busIn(server.url);
  });
  afterEach(async () => {
    await Promise.all(pulls.map((pull) => pull.stop({ giveBack: true })));
    await leave(corner);
  });

  const declaration = (): ConsumerDeclaration => corner.consumers.fetch('later', 'crm', 'default');
  const pending = async (): Promise<number> => (await corner.bus.jsm.streams.info(declaration().stream)).state.messages;

  async function publish(...names: string[]): Promise<Items> {
    const { bus, publisher } = corner;
    const have = null;
    const items = names.map((name) => ({
      ...{ path: `/${name}`, key: name, urlHash: `u${name}`, variant: '', have, requestFields: [], validators: [] },
    }));
    const batch = { ...publisher.envelope({ cause: 'test' }), upstream: 'crm', items };
    const subject = bus.subjects.fetch('later', 'crm', 'default', batchToken(batch.id));
    expect(await publisher.publishWork(subject, batch)).toBe('stored');
    return batch;
  }

  function pull(
    handle: (delivery: Delivery<Items>) => Promise<Verdict>,
    options: Partial<PullOptions<Items>> = {},
  ): Pull {
    const { bus, publisher } = corner;
    const opened = openPull<Items>(bus, declaration(), { publisher, room: () => 10, handle, ...options });
    pulls.push(opened);
    return opened;
  }

  /** Verdicts by name; `finished` are not asked for. */
  const judging =
    (verdictOf: (name: string, delivery: Delivery<Items>) => SingleVerdict | Promise<SingleVerdict>) =>
    (delivery: Delivery<Items>): Promise<Verdict> =>
      Promise.resolve(
        each(
          delivery.message.items.map(async ({ key }, index) =>
            delivery.finished.has(index) ? done : verdictOf(key, delivery),
          ),
        ),
      );

  function letters(): DeadMessage[] {
    const { bus } = corner;
    const read: DeadMessage[] = [];
    bus.nc.subscribe(bus.subjects.all.dead, { callback: (_, msg) => void read.push(msg.json()) });
    return read;
  }

  it('are acknowledged when the last piece has ended', async () => {
    const { open, opened } = gate();
    const held = pull(judging((name) => (name === 'b' ? opened.then(() => done) : drop('overtaken'))));
    await publish('a', 'b', 'c');
    await eventually(() => expect(held.held()).toBe(3));
    expect(await pending()).toBe(1);
    open();
    await eventually(async () => expect(await pending()).toBe(0));
    expect(held.held()).toBe(0);
  });

  it('bury a piece that is given up at once, alone and with its history, and go on with the rest', async () => {
    const read = letters();
    const { open, opened } = gate();
    const attempt = { at: '2026-01-01T00:00:00.000Z', outcome: 'status 500' };
    pull(judging((name) => (name === 'b' ? dead('three times 500', [attempt]) : opened.then(() => done))));
    const batch = await publish('a', 'b');
    await eventually(() => expect(read).toHaveLength(1));
    expect(read[0]).toMatchObject({
      ...{ upstream: 'crm', key: 'b', path: '/b', cause: `${batch.id}.1`, reason: 'given-up: three times 500' },
      subject: corner.bus.subjects.fetch('later', 'crm', 'default', 'b'),
      fetch: { path: '/b', key: 'b', urlHash: 'ub' },
    });
    expect(read[0]?.history).toContainEqual(attempt);
    expect(read[0]?.fetch).not.toHaveProperty('items');
    expect(await pending()).toBe(1);
    open();
    await eventually(async () => expect(await pending()).toBe(0));
    expect(read).toHaveLength(1);
  });

  it('come again for the sake of one piece, without what has ended', async () => {
    const read = letters();
    const asked: string[] = [];
    pull(
      judging((name, { deliveryCount }) => {
        asked.push(`${name}/${deliveryCount}`);
        if (name === 'a') return dead('no use');
        if (name === 'c') return drop('overtaken');
        return deliveryCount < 3 ? again(20) : done;
      }),
    );
    await publish('a', 'b', 'c');
    await eventually(async () => expect(await pending()).toBe(0));
    expect(asked).toEqual(['a/1', 'b/1', 'c/1', 'b/2', 'b/3']);
    expect(read).toHaveLength(1);
  });

  it('come again for a piece whose handler failed', async () => {
    const asked: string[] = [];
    pull(
      judging((name, { deliveryCount }) => {
        asked.push(`${name}/${deliveryCount}`);
        if (name === 'b' && deliveryCount === 1) throw new Error('no luck');
        return done;
      }),
    );
    await publish('a', 'b');
    await eventually(async () => expect(await pending()).toBe(0));
    expect(asked).toEqual(['a/1', 'b/1', 'b/2']);
  });

  it('that were delivered more than ten times are given up piece by piece, except for what has ended', async () => {
    const read = letters();
    const told: string[] = [];
    pull(
      judging((name) => (name === 'a' ? done : again(0))),
      { onDead: async ({ kind, key }) => void told.push(`${kind} ${key}`) },
    );
    await publish('a', 'b', 'c');
    await eventually(async () => expect(await pending()).toBe(0));
    expect(told.sort()).toEqual(['undeliverable b', 'undeliverable c']);
    expect(read.map(({ path }) => path).sort()).toEqual(['/b', '/c']);
  });

  it('are handed whole to a process that has not seen them: it has to find out what was done', async () => {
    const { open, opened } = gate();
    const first = pull(judging((name) => (name === 'a' ? done : opened.then(() => done))));
    await publish('a', 'b');
    await eventually(() => expect(first.held()).toBe(2));
    await first.stop({ giveBack: true });
    open();
    const asked: string[] = [];
    pull(
      judging((name) => {
        asked.push(name);
        return done;
      }),
    );
    await eventually(async () => expect(await pending()).toBe(0));
    expect(asked).toEqual(['a', 'b']);
  });

  it('fill the room with their pieces, not with their number', async () => {
    const { open, opened } = gate();
    const limit = 10;
    let most = 0;
    const limited: Pull = pull(
      judging(async () => {
        most = Math.max(most, limited.held());
        await opened;
        return done;
      }),
      { room: () => limit - limited.held(), mostInMessage: 4 },
    );
    for (let n = 0; n < 6; n += 1) await publish(`${n}a`, `${n}b`, `${n}c`, `${n}d`);
    await eventually(() => expect(limited.held()).toBe(8));
    open();
    await eventually(async () => expect(await pending()).toBe(0));
    expect(most).toBeLessThanOrEqual(limit);
  });

  it('larger than the room are taken one at a time, when nothing else is held', async () => {
    let most = 0;
    const small: Pull = pull(
      judging(async () => {
        most = Math.max(most, small.held());
        return done;
      }),
      { room: () => 2 - small.held(), mostInMessage: 4 },
    );
    await publish('a', 'b', 'c', 'd');
    await publish('e', 'f', 'g', 'h');
    await eventually(async () => expect(await pending()).toBe(0));
    expect(most).toBe(4);
  });
});
