import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { again, dead, done, drop, openPull, type Delivery, type Pull, type PullOptions, type Verdict } from '#bus';
import type { ConsumerDeclaration, DeadMessage } from '#contracts';
import { startNats, type RealServer } from '../support/real-servers.js';
import { busIn, eventually, gate, leave, natsVersions, note, type Corner, type Note } from './bus-fixture.js';

describe.each(natsVersions)('pulling work from the %s server', (version) => {
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

  type Work = (delivery: Delivery<Note>) => Promise<Verdict>;
  const declaration = (): ConsumerDeclaration => corner.consumers.refresh();
  const subject = (n: number): string => corner.bus.subjects.refresh('soon', 'crm', `k${n}`);
  const publish = (n: number) => corner.publisher.publishWork(subject(n), note(corner.publisher, n));
  const consumerState = () => corner.bus.jsm.consumers.info(declaration().stream, declaration().durable);
  const pending = async (): Promise<number> => (await corner.bus.jsm.streams.info(declaration().stream)).state.messages;

  function pull(handler: Work, options: Partial<PullOptions<Note>> = {}, consumer = declaration()): Pull {
    const opened = openPull<Note>(corner.bus, consumer, {
      publisher: corner.publisher,
      room: () => 10,
      handle: handler,
      ...options,
    });
    pulls.push(opened);
    return opened;
  }

  function letters(): DeadMessage[] {
    const { bus } = corner;
    const read: DeadMessage[] = [];
    bus.nc.subscribe(bus.subjects.all.dead, { callback: (_, msg) => void read.push(msg.json()) });
    return read;
  }

  it('acks only after the verdict of the handler', async () => {
    const { open, opened } = gate();
    const held = pull(async () => {
      await opened;
      return done;
    });
    await publish(1);
    await eventually(() => expect(held.held()).toBe(1));
    expect((await consumerState()).num_ack_pending).toBe(1);
    expect(await pending()).toBe(1);
    open();
    await eventually(async () => expect(await pending()).toBe(0));
  });

  it('hands work over with its message, count, sequence and time', async () => {
    const seen: Delivery<Note>[] = [];
    pull(async (delivery) => {
      seen.push(delivery);
      return done;
    });
    await publish(7);
    await eventually(() => expect(seen).toHaveLength(1));
    expect(seen[0]).toMatchObject({ subject: subject(7), sequence: 1, deliveryCount: 1, message: { n: 7 } });
    expect(Math.abs((seen[0]?.enqueuedAt ?? 0) - Date.now())).toBeLessThan(5_000);
  });

  it('keeps work that is held longer than the ack wait from being handed out again', async () => {
    const ackWaitMs = 2_500;
    const counts: number[] = [];
    const { open, opened } = gate();
    const handedAt = Date.now();
    const untilOpened: Work = async ({ deliveryCount }) => {
      counts.push(deliveryCount);
      await opened;
      return done;
    };
    pull(untilOpened, {}, { ...declaration(), ackWaitMs });
    await publish(1);
    await eventually(() => expect(Date.now() - handedAt).toBeGreaterThan(2.2 * ackWaitMs), 4 * ackWaitMs);
    expect((await consumerState()).num_redelivered).toBe(0);
    open();
    await eventually(async () => expect(await pending()).toBe(0));
    expect(counts).toEqual([1]);
  });

  it('hands work out again after the delay that its handler asked for', async () => {
    const at: number[] = [];
    pull(async ({ deliveryCount }) => {
      at.push(Date.now());
      return deliveryCount === 1 ? again(400) : done;
    });
    await publish(1);
    await eventually(() => expect(at).toHaveLength(2));
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(390);
  });

  it('frees the place of dropped work at once', async () => {
    pull(async () => drop('overtaken'));
    await publish(1);
    await eventually(async () => expect(await pending()).toBe(0));
    expect(await publish(1)).toBe('stored');
  });

  it('writes work that is given up to the dead letters before it ends it', async () => {
    const read = letters();
    pull(async () => dead('answered 410 three times'));
    await publish(1);
    await eventually(async () => expect(await pending()).toBe(0));
    expect(read).toHaveLength(1);
    expect(read[0]).toMatchObject({ upstream: 'crm', key: 'k1', path: '/items/1', subject: subject(1) });
    expect(read[0]?.reason).toBe('given-up: answered 410 three times');
  });

  it('gives up what cannot be read before a handler sees it, and tells so', async () => {
    const read = letters();
    const told: string[] = [];
    let handed = 0;
    pull(
      async () => {
        handed += 1;
        return done;
      },
      { onDead: async (givenUp) => void told.push(`${givenUp.kind} ${givenUp.upstream} ${givenUp.key}`) },
    );
    await corner.bus.js.publish(subject(1), '{"cut off');
    await corner.bus.js.publish(subject(2), '[]');
    await eventually(async () => expect(await pending()).toBe(0));
    expect(handed).toBe(0);
    expect(told.sort()).toEqual(['undecodable crm k1', 'undecodable crm k2']);
    expect(read.map(({ key }) => key).sort()).toEqual(['k1', 'k2']);
  });

  it('gives up what was delivered more than ten times', async () => {
    const read = letters();
    const counts: number[] = [];
    pull(async ({ deliveryCount }) => {
      counts.push(deliveryCount);
      return again(0);
    });
    await publish(1);
    await eventually(async () => expect(await pending()).toBe(0));
    expect(counts).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(read[0]?.reason).toBe('undeliverable: delivered more than 10 times');
  });

  it('hands work out again when its handler throws, and goes on with the rest', async () => {
    const seen: string[] = [];
    pull(async ({ message, deliveryCount }) => {
      seen.push(`${message.n}/${deliveryCount}`);
      if (message.n === 1 && deliveryCount === 1) throw new Error('no luck');
      return done;
    });
    await publish(1);
    await publish(2);
    await eventually(async () => expect(await pending()).toBe(0));
    expect(seen).toEqual(['1/1', '2/1', '1/2']);
    expect(corner.logged.join('\n')).toContain('a handler failed');
  });

  it('takes no more than there is room for', async () => {
    const { open, opened } = gate();
    const limit = 3;
    let most = 0;
    const limited: Pull = pull(
      async () => {
        most = Math.max(most, limited.held());
        await opened;
        return done;
      },
      { room: () => limit - limited.held() },
    );
    await Promise.all(Array.from({ length: 20 }, (_, n) => publish(n)));
    await eventually(() => expect(limited.held()).toBe(limit));
    expect((await consumerState()).num_ack_pending).toBe(limit);
    open();
    await eventually(async () => expect(await pending()).toBe(0));
    expect(most).toBe(limit);
  });

  it('gives back at once what is held when it stops, and tells the handler', async () => {
    const seen: number[] = [];
    let aborted = false;
    const first = pull(({ signal }) => {
      signal.addEventListener('abort', () => (aborted = true));
      return new Promise<Verdict>(() => undefined);
    });
    await Promise.all([publish(1), publish(2), publish(3)]);
    await eventually(() => expect(first.held()).toBe(3));
    await first.stop({ giveBack: true });
    expect(aborted).toBe(true);
    const stoppedAt = Date.now();
    pull(async ({ message, deliveryCount }) => {
      expect(deliveryCount).toBeGreaterThan(1);
      seen.push(message.n);
      return done;
    });
    // An old server sends one of them to the inbox that is closed already: that one comes after the ack wait.
    const atOnce = version === 'newest' ? 3 : 2;
    await eventually(() => expect(seen.length).toBeGreaterThanOrEqual(atOnce));
    expect(Date.now() - stoppedAt).toBeLessThan(declaration().ackWaitMs / 2);
    await eventually(() => expect(seen.sort()).toEqual([1, 2, 3]));
  });

  it('lets handlers end when it stops without giving back', async () => {
    const { open, opened } = gate();
    const closing = pull(async () => {
      await opened;
      return done;
    });
    await publish(1);
    await eventually(() => expect(closing.held()).toBe(1));
    const stopped = closing.stop({ giveBack: false });
    open();
    await stopped;
    expect(await pending()).toBe(0);
  });

  it('asks for nothing while it is paused, and goes on when it is resumed', async () => {
    const seen: number[] = [];
    const paused = pull(
      async ({ message }) => {
        seen.push(message.n);
        return done;
      },
      { room: () => 1 },
    );
    await paused.opened;
    await publish(1);
    await eventually(() => expect(seen).toEqual([1]));
    paused.pause();
    // The one request that was open when the pause began may still bring one.
    await Promise.all([publish(2), publish(3), publish(4)]);
    await eventually(async () => expect((await consumerState()).num_waiting).toBe(0));
    expect(seen.length).toBeLessThanOrEqual(2);
    paused.resume();
    await eventually(() => expect(seen).toHaveLength(4));
  });

  it('makes its consumer again after that was deleted', async () => {
    const seen: number[] = [];
    const lasting = pull(async ({ message }) => {
      seen.push(message.n);
      return done;
    });
    await lasting.opened;
    await corner.bus.jsm.consumers.delete(declaration().stream, declaration().durable);
    await publish(1);
    await eventually(() => expect(seen).toEqual([1]));
  });

  it('lets thousands flow with far fewer requests than messages', async () => {
    const many = 5_000;
    let handled = 0;
    let requests = 0;
    const watched = corner.bus.nc.subscribe(`$JS.API.CONSUMER.MSG.NEXT.${declaration().stream}.>`, {
      callback: () => void (requests += 1),
    });
    await Promise.all(Array.from({ length: many }, (_, n) => publish(n)));
    const flowing: Pull = pull(
      async () => {
        handled += 1;
        return done;
      },
      { room: () => 200 - flowing.held() },
    );
    await eventually(async () => expect(await pending()).toBe(0), 20_000);
    expect(handled).toBe(many);
    expect(requests).toBeLessThan(many / 20);
    watched.unsubscribe();
  });
});
