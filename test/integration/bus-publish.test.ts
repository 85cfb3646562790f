import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createPublisher, openPull } from '#bus';
import { declareStreams } from '#contracts';
import { startNats, type RealServer } from '../support/real-servers.js';
import { busIn, eventually, gate, leave, natsVersions, note, type Corner } from './bus-fixture.js';

describe.each(natsVersions)('publishing to the %s server', (version) => {
  let server: RealServer;
  let corner: Corner;

  beforeAll(async () => {
    server = await startNats({ version });
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    corner = await busIn(server.url);
  });
  afterEach(() => leave(corner));

  const subject = (key: string): string => corner.bus.subjects.refresh('soon', 'crm', key);
  const publish = (key: string) => corner.publisher.publishWork(subject(key), note(corner.publisher, 1));

  it('tells work that is stored from work that is already pending', async () => {
    expect(await publish('k1')).toBe('stored');
    expect(await publish('k1')).toBe('already-pending');
    expect(await publish('k2')).toBe('stored');
  });

  it('tells work as already pending while it is in flight, and stores it anew once it was acked', async () => {
    const { bus, publisher, consumers } = corner;
    const { open, opened } = gate();
    let handed = 0;
    const handOver = async () => {
      handed += 1;
      if (handed === 1) await opened;
      return { kind: 'done' } as const;
    };
    const pull = openPull(bus, consumers.refresh(), { publisher, room: () => 10, handle: handOver });
    await publish('k1');
    await eventually(() => expect(handed).toBe(1));
    expect(await publish('k1')).toBe('already-pending');
    open();
    await eventually(async () => expect(await publish('k1')).toBe('stored'));
    await pull.stop({ giveBack: true });
  });

  it('tells a full stream from work that is already pending', async () => {
    const { bus } = corner;
    const { name } = declareStreams(bus.subjects).refresh;
    await publish('k1');
    await bus.jsm.streams.update(name, { max_msgs: 1 });
    expect(await publish('k2')).toBe('full');
    expect(await publish('k1')).not.toBe('stored');
    await bus.jsm.streams.update(name, { max_msgs: -1, max_bytes: 1 });
    expect(await publish('k3')).toBe('full');
  });

  it('makes a deleted stream again and stores the work in it', async () => {
    const { bus } = corner;
    await bus.jsm.streams.delete(declareStreams(bus.subjects).refresh.name);
    expect(await publish('k1')).toBe('stored');
  });

  it('stores a thousand that are in flight at once, each verdict its own', async () => {
    const verdicts = await Promise.all(Array.from({ length: 1_000 }, (_, n) => publish(`k${n % 500}`)));
    expect(verdicts.filter((verdict) => verdict === 'stored')).toHaveLength(500);
    expect(verdicts.filter((verdict) => verdict === 'already-pending')).toHaveLength(500);
  });

  it('fills the envelope of an event and stays in the trace that caused it', async () => {
    const { bus, publisher } = corner;
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const subscription = bus.nc.subscribe(bus.subjects.events, { max: 1 });
    expect(await publisher.publishEvent('config.applied', { version: 7 }, { cause: 'c1', traceparent })).toBe('stored');
    for await (const msg of subscription) {
      const told = msg.json<Record<string, unknown>>();
      expect(told).toMatchObject({ cause: 'c1', version: 7 });
      expect(told['traceparent']).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-01$/);
      expect(told['traceparent']).not.toBe(traceparent);
      expect(Date.parse(String(told['at']))).toBeGreaterThan(0);
    }
  });

  it('counts what it published by kind and verdict', async () => {
    const counted: string[] = [];
    const publisher = createPublisher(corner.bus, {
      identity: 'c',
      counted: (...what) => counted.push(what.join(' ')),
    });
    await publisher.publishWork(subject('k1'), note(publisher, 1));
    await publisher.publishWork(subject('k1'), note(publisher, 1));
    publisher.publishCore(corner.bus.subjects.reads, {});
    expect(counted).toEqual(['work stored', 'work already-pending', 'core stored']);
  });

  it('two processes that start at once make the same streams', async () => {
    const namespace = `two${version}`;
    const [one, other] = await Promise.all([busIn(server.url, namespace), busIn(server.url, namespace)]);
    expect((await one.bus.provisionAgain()).created).toEqual([]);
    await other.bus.close();
    await leave(one);
  });

  it('changes a stream whose settings differ from what is declared', async () => {
    const { bus } = corner;
    const { name, maxBytes } = declareStreams(bus.subjects).refresh;
    await bus.jsm.streams.update(name, { max_bytes: 1024 });
    await bus.provisionAgain();
    expect((await bus.jsm.streams.info(name)).config.max_bytes).toBe(maxBytes);
  });
});
