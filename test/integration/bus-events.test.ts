import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { followEvents, subscribeEvents } from '#bus';
import { startNats, type RealServer } from '../support/real-servers.js';
import { busIn, eventually, gate, leave, natsVersions, type Corner } from './bus-fixture.js';

describe.each(natsVersions)('events of the %s server', (version) => {
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

  const tell = (version: number) => corner.publisher.publishEvent('config.applied', { version }, { cause: 'test' });

  function follow(seen: string[], fromSequence?: number): () => void {
    return followEvents(corner.bus, fromSequence === undefined ? {} : { fromSequence }, (event) => {
      if (event.name === 'config.applied') seen.push(`${event.sequence}:${event.message.version}`);
    });
  }

  it('are heard by name, with those of other names left out', async () => {
    const heard: string[] = [];
    const stop = subscribeEvents(corner.bus, ['config.applied', 'upstream.held'], (event) => {
      heard.push(event.name === 'config.applied' ? `config ${event.message.version}` : event.message.holder);
    });
    await corner.publisher.publishEvent('upstream.resumed', { upstream: 'crm', scope: 'crm' }, { cause: 'test' });
    await corner.publisher.publishEvent(
      'upstream.held',
      { upstream: 'crm', holder: 'd1', fence: 2 },
      { cause: 'test' },
    );
    await tell(3);
    await eventually(() => expect(heard).toEqual(['d1', 'config 3']));
    stop();
  });

  it('that cannot be read, and listeners that throw, are counted and end nothing', async () => {
    const faults: string[] = [];
    const heard: number[] = [];
    const stop = subscribeEvents(
      corner.bus,
      ['config.applied'],
      ({ message }) => {
        if (message.version === 1) throw new Error('no luck');
        heard.push(message.version);
      },
      { counted: (fault) => faults.push(fault) },
    );
    corner.bus.nc.publish(corner.bus.subjects.event('config.applied'), 'no json');
    await tell(1);
    await tell(2);
    await eventually(() => expect(heard).toEqual([2]));
    expect(faults).toEqual(['undecodable', 'handler-failed']);
    stop();
  });

  it.each(['at once', 'later'])(
    'are acknowledged by a member when its handler is done %s, and only then',
    async (when) => {
      const { bus, publisher } = corner;
      const { open, opened } = gate();
      const order: string[] = [];
      bus.nc.subscribe('acknowledged', { callback: (_, msg) => void order.push(`heard of ${msg.string()}`) });
      const stop = subscribeEvents(
        bus,
        ['config.applied'],
        () => (when === 'at once' ? void order.push('done') : opened.then(() => void order.push('done'))),
        { acknowledgeAs: 'member-1' },
      );
      const headers = { 'Penstock-Acknowledge-To': 'acknowledged' };
      expect(await publisher.publishEvent('config.applied', { version: 1 }, { cause: 'test', headers })).toBe('stored');
      await bus.nc.flush();
      if (when === 'later') expect(order).toEqual([]);
      open();
      await eventually(() => expect(order).toEqual(['done', 'heard of member-1']));
      stop();
    },
  );

  it('that a listener fails over later are counted, and acknowledged all the same', async () => {
    const faults: string[] = [];
    const stop = subscribeEvents(corner.bus, ['config.applied'], () => Promise.reject(new Error('no luck')), {
      counted: (fault) => faults.push(fault),
      acknowledgeAs: 'member-1',
    });
    const heard = corner.bus.nc.subscribe('acknowledged', { max: 1 });
    const headers = { 'Penstock-Acknowledge-To': 'acknowledged' };
    await corner.publisher.publishEvent('config.applied', { version: 1 }, { cause: 'test', headers });
    for await (const msg of heard) expect(msg.string()).toBe('member-1');
    expect(faults).toEqual(['handler-failed']);
    stop();
  });

  it('are followed from a sequence on, the stored ones first', async () => {
    for (const n of [1, 2, 3]) await tell(n);
    const seen: string[] = [];
    const stop = follow(seen, 2);
    await eventually(() => expect(seen).toEqual(['2:2', '3:3']));
    await tell(4);
    await eventually(() => expect(seen).toEqual(['2:2', '3:3', '4:4']));
    stop();
  });

  it('are followed from the first when the sequence asked for lies beyond the end', async () => {
    await tell(1);
    const seen: string[] = [];
    const stop = follow(seen, 900);
    await eventually(() => expect(seen).toEqual(['1:1']));
    stop();
  });

  it('go on being followed after the stream was deleted', async () => {
    const seen: string[] = [];
    const stop = follow(seen, 1);
    await tell(1);
    await eventually(() => expect(seen).toEqual(['1:1']));
    await corner.bus.jsm.streams.delete(`${corner.bus.subjects.namespace}_EVENTS`);
    await eventually(async () => expect(await tell(2)).toBe('stored'));
    await eventually(() => expect(seen).toEqual(['1:1', '1:2']));
    stop();
  });
});
