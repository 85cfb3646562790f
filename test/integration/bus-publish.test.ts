import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createPublisher, openPull } from '#bus';
import { declareStreams } from '#contracts';
import { startNats, type RealServer } from '../support/real-servers.js';
import { busIn, eventually, gate, leave, natsVersions, note, type Corner } from './bus-fixture.js';

const place = { upstream: 'crm', path: '/x', key: 'k', urlHash: 'u', partition: 'shared', variant: '' };

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
    // Their reply subjects are used again.
    const later = await Promise.all(Array.from({ length: 1_000 }, (_, n) => publish(n % 2 === 0 ? `k${n}` : `l${n}`)));
    expect(later).toEqual(
      Array.from({ length: 1_000 }, (_, n) => (n % 2 === 0 && n < 500 ? 'already-pending' : 'stored')),
    );
  });

  it('keeps the order of the calls, whatever is urgent', async () => {
    const { bus, publisher } = corner;
    const stored = { upstream: 'crm', keys: [], reason: 'collected' } as const;
    const heard: number[] = [];
    bus.nc.subscribe(bus.subjects.events, {
      callback: (_, msg) => void heard.push(Number(msg.json<{ cause: string }>().cause)),
    });
    const dropped = { ...place, lane: 'later', attempts: 0, throttles: 0, reason: 'fresh' } as const;
    const verdicts = await Promise.all(
      Array.from({ length: 300 }, (_, n) => {
        const source = { cause: String(n) };
        if (n % 100 === 99) return publisher.publishEvent('entry.removed', stored, source);
        return publisher.publishEvent('fetch.dropped', dropped, source);
      }),
    );
    expect(new Set(verdicts)).toEqual(new Set(['stored']));
    await eventually(() => expect(heard).toEqual(Array.from({ length: 300 }, (_, n) => n)));
  });

  it('gathers what comes while one is unacknowledged, and sends it with the next that is urgent', async () => {
    const { bus, publisher } = corner;
    const { outMsgs: before } = bus.nc.stats();
    const sent = (): number => bus.nc.stats().outMsgs - before;
    const said = ['k1', 'k2', 'k3'].map(publish);
    expect(sent()).toBe(1);
    said.push(publisher.publishEvent('config.applied', { version: 1 }, { cause: 'test' }));
    expect(sent()).toBe(4);
    said.push(publish('k4'));
    expect(sent()).toBe(4);
    expect(new Set(await Promise.all(said))).toEqual(new Set(['stored']));
    expect(sent()).toBe(5);
    void publish('k5');
    expect(sent()).toBe(6);
  });

  it('sends what was gathered before the connection is closed', async () => {
    const { bus, publisher } = corner;
    const isHeard = new Promise<void>((resolve) => {
      bus.nc.subscribe('unanswered', { callback: () => resolve() });
    });
    void publisher.publishWork('unanswered', note(publisher, 1));
    await isHeard;
    void publish('k1');
    await bus.close();
    corner = await busIn(server.url, bus.subjects.namespace);
    const { state } = await corner.bus.jsm.streams.info(declareStreams(bus.subjects).refresh.name);
    expect(state.messages).toBe(1);
  });

  describe('and answered by', () => {
    const PLAIN = 'plain.of.no.stream';

    /** Answers each message as it is told, in the place of a stream. */
    function answering(...answers: readonly (string | null)[]): string[] {
      const replies: string[] = [];
      corner.bus.nc.subscribe(PLAIN, {
        callback: (_, msg) => {
          const answer = answers[replies.length] ?? null;
          replies.push(msg.reply ?? '');
          if (answer !== null) msg.respond(answer);
        },
      });
      return replies;
    }
    const say = () => corner.publisher.publishWork(PLAIN, note(corner.publisher, 1));

    it('a stream: the reply subject is used again', async () => {
      const replies = answering('{"stream":"S", "seq":1}', '{"stream":"S","domain":"hub","seq":2}');
      expect([await say(), await say()]).toEqual(['stored', 'stored']);
      expect(replies[1]).toBe(replies[0]);
    });

    it('nobody in time: the reply subject is not used again, for its answer may still come', async () => {
      const replies = answering(null, null);
      expect(await say()).toBe('away');
      const second = say();
      await eventually(() => expect(replies).toHaveLength(2));
      corner.bus.nc.publish(replies[0] ?? '', '{"stream":"S","seq":1}');
      expect(await second).toBe('away');
      expect(replies[1]).not.toBe(replies[0]);
    });

    it('a refusal that names its stream first', async () => {
      const error = { code: 503, err_code: 10077, description: 'maximum messages per subject exceeded' };
      answering(JSON.stringify({ stream: 'S', error, seq: 0 }));
      expect(await say()).toBe('already-pending');
    });

    it('somebody else: that is not taken for the word of a stream', async () => {
      const replies = answering('thanks');
      const said = say();
      await eventually(() => expect(replies).toHaveLength(1));
      corner.bus.nc.publish(replies[0] ?? '', '{}');
      corner.bus.nc.publish(replies[0] ?? '', '');
      corner.bus.nc.publish(replies[0] ?? '', '{"stream":"S","seq":7}');
      expect(await said).toBe('stored');
    });
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
