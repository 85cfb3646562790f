import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { done, followEvents, openPull, subscribeEvents, type Pull } from '#bus';
import { declareStreams } from '#contracts';
import { startNats, type RealServer } from '../support/real-servers.js';
import { busIn, eventually, gate, natsVersions, note, type Corner, type Note } from './bus-fixture.js';

describe.each(natsVersions)('the loss of the %s server', (version) => {
  let server: RealServer;
  let corner: Corner;
  let pulls: Pull[];

  beforeEach(async () => {
    pulls = [];
    server = await startNats({ version });
    corner = await busIn(server.url);
  });
  afterEach(async () => {
    await Promise.all(pulls.map((pull) => pull.stop({ giveBack: true })));
    await corner.bus.close();
    await server.stop();
  });

  const publish = (n: number) =>
    corner.publisher.publishWork(corner.bus.subjects.refresh('soon', 'crm', `k${n}`), note(corner.publisher, n));
  const away = () => eventually(() => expect(corner.bus.connected()).toBe(false));
  const stored = (n: number) => eventually(async () => expect(await publish(n)).toBe('stored'));
  const pending = async () =>
    (await corner.bus.jsm.streams.info(declareStreams(corner.bus.subjects).refresh.name)).state.messages;

  function pullInto(seen: number[], until?: Promise<void>): Pull {
    const pull = openPull<Note>(corner.bus, corner.consumers.refresh(), {
      publisher: corner.publisher,
      room: () => 10,
      handle: async ({ message }) => {
        seen.push(message.n);
        await until;
        return done;
      },
    });
    pulls.push(pull);
    return pull;
  }

  it('makes publishing say away at once, and work flows again after its return with an empty store', async () => {
    const seen: number[] = [];
    pullInto(seen);
    await stored(1);
    await eventually(() => expect(seen).toEqual([1]));
    await server.kill();
    await away();
    expect(await publish(2)).toBe('away');
    expect(corner.publisher.publishCore(corner.bus.subjects.reads, {})).toBe('away');
    await server.restart({ emptyStore: true });
    await stored(3);
    await eventually(() => expect(seen).toEqual([1, 3]));
  });

  it('tells who listens that it is away, and what was lost when it is back', async () => {
    const told: string[] = [];
    corner.bus.onAway(() => void told.push('away'));
    corner.bus.onReconnected(({ created }) => void told.push(`back ${created.length}`));
    await server.kill();
    await eventually(() => expect(told).toEqual(['away']));
    await server.restart({ emptyStore: true });
    await eventually(() => expect(told).toEqual(['away', 'back 7']));
    await corner.bus.leases.put('upstream.crm', 'me');
  });

  it('is noticed within five seconds when the server hangs, and is over when it goes on', async () => {
    const { pid } = server;
    if (pid === undefined) throw new Error('expected a running server');
    process.kill(pid, 'SIGSTOP');
    const hungAt = Date.now();
    try {
      await away();
      expect(Date.now() - hungAt).toBeLessThan(6_000);
      expect(await publish(1)).toBe('away');
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await stored(2);
  });

  it('ends waits of publishers in flight', async () => {
    const waiting = Array.from({ length: 50 }, (_, n) => publish(n));
    await server.kill();
    const verdicts = await Promise.all(waiting);
    expect(verdicts.every((verdict) => verdict === 'stored' || verdict === 'away')).toBe(true);
  });

  it('keeps the word of a handler that ended meanwhile, and says it after the return with the store', async () => {
    const seen: number[] = [];
    const { open, opened } = gate();
    const pull = pullInto(seen, opened);
    await stored(1);
    await eventually(() => expect(seen).toEqual([1]));
    await server.halt();
    await away();
    open();
    await server.restart();
    await eventually(async () => expect(await pending()).toBe(0));
    expect(pull.held()).toBe(0);
    expect(seen).toEqual([1]);
  });

  it('does not let the word about lost work end new work of the same number', async () => {
    const seen: number[] = [];
    const { open, opened } = gate();
    const pull = pullInto(seen, opened);
    await stored(1);
    await eventually(() => expect(seen).toEqual([1]));
    await server.kill();
    await server.restart({ emptyStore: true });
    await stored(2);
    await eventually(() => expect(seen).toEqual([1, 2]));
    expect(pull.held()).toBe(1);
    await pull.stop({ giveBack: true });
    open();
    const after: number[] = [];
    pullInto(after);
    await eventually(() => expect(after).toEqual([2]));
  });

  it('events are told and followed again after a return with an empty store', async () => {
    const heard: number[] = [];
    const followed: string[] = [];
    const stopHearing = subscribeEvents(
      corner.bus,
      ['config.applied'],
      ({ message }) => void heard.push(message.version),
    );
    const stopFollowing = followEvents(corner.bus, { fromSequence: 1 }, (event) => {
      if (event.name === 'config.applied') followed.push(`${event.sequence}:${event.message.version}`);
    });
    const tell = (n: number) => corner.publisher.publishEvent('config.applied', { version: n }, { cause: 'test' });
    for (const n of [1, 2, 3]) await tell(n);
    await eventually(() => expect(followed).toEqual(['1:1', '2:2', '3:3']));
    await server.kill();
    await away();
    await server.restart({ emptyStore: true });
    await eventually(async () => expect(await tell(4)).toBe('stored'));
    await eventually(() => expect(followed).toEqual(['1:1', '2:2', '3:3', '1:4']));
    expect(heard).toEqual([1, 2, 3, 4]);
    stopHearing();
    stopFollowing();
  });
});

describe('a bus whose server is not there yet', () => {
  it('says what it waits for, and connects once it is there', async () => {
    const server = await startNats();
    await server.halt();
    const connecting = busIn(server.url);
    await server.restart();
    const { bus, logged } = await connecting;
    expect(logged[0]).toContain('waiting for NATS');
    expect(bus.connected()).toBe(true);
    await bus.close();
    await server.stop();
  });
});
