import { Controller, type INestMicroservice, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  done,
  JetStreamStrategy,
  WorkHandler,
  type JetStreamStrategyOptions,
  type Verdict,
  type WorkContext,
} from '#bus';
import { declareStreams, WORK_PATTERNS } from '#contracts';
import { startNats, type RealServer } from '../support/real-servers.js';
import { busIn, eventually, gate, leave, natsVersions, note, type Corner, type Note } from './bus-fixture.js';

const seen: string[] = [];
let until: Promise<void> | undefined;

@Controller()
class RefreshConsumer {
  @WorkHandler(WORK_PATTERNS.refresh)
  async refresh(message: Note, context: WorkContext): Promise<Verdict> {
    seen.push(`refresh ${message.n} of ${context.subject.split('.').slice(1).join('.')}`);
    await until;
    if (message.n === 13) throw new Error('unlucky');
    return done;
  }
}

@Controller()
class FetchConsumer {
  @WorkHandler(WORK_PATTERNS.fetch)
  fetch(message: Note): Promise<Verdict> {
    seen.push(`fetch ${message.n}`);
    return Promise.resolve(done);
  }
}

@Controller()
class RivalConsumer {
  @WorkHandler(WORK_PATTERNS.refresh)
  again(): Promise<Verdict> {
    return Promise.resolve(done);
  }
}

@Controller()
class SilentConsumer {
  @WorkHandler(WORK_PATTERNS.control)
  obey(): Promise<string> {
    return Promise.resolve('obeyed');
  }
}

describe.each(natsVersions)('the transport strategy on the %s server', (version) => {
  let server: RealServer;
  let corner: Corner;
  let app: INestMicroservice | undefined;

  beforeAll(async () => {
    server = await startNats({ version });
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    seen.length = 0;
    until = undefined;
    corner = await busIn(server.url);
  });
  afterEach(async () => {
    await app?.close();
    app = undefined;
    await leave(corner);
  });

  async function boot(
    controllers: Type[],
    options: Pick<JetStreamStrategyOptions, 'consumers'> & Partial<JetStreamStrategyOptions>,
  ): Promise<JetStreamStrategy> {
    class App {}
    const strategy = new JetStreamStrategy({ bus: corner.bus, publisher: corner.publisher, ...options });
    app = await NestFactory.createMicroservice(
      { module: App, controllers },
      { strategy, logger: false, abortOnError: false },
    );
    await app.listen();
    return strategy;
  }

  const refreshes = () => ({ declaration: corner.consumers.refresh(), room: 10 });
  const publish = (n: number) =>
    corner.publisher.publishWork(corner.bus.subjects.refresh('later', 'crm', `k${n}`), note(corner.publisher, n));
  const pending = async (stream: 'refresh' | 'fetch' | 'control') =>
    (await corner.bus.jsm.streams.info(declareStreams(corner.bus.subjects)[stream].name)).state.messages;

  it('hands work to the handler of its pattern and acks after the verdict', async () => {
    const { open, opened } = gate();
    until = opened;
    await boot([RefreshConsumer], { consumers: [refreshes()] });
    await publish(1);
    await eventually(() => expect(seen).toEqual(['refresh 1 of work.refresh.later.crm.k1']));
    expect(await pending('refresh')).toBe(1);
    open();
    await eventually(async () => expect(await pending('refresh')).toBe(0));
  });

  it('hands work out again when its handler throws', async () => {
    await boot([RefreshConsumer], { consumers: [refreshes()] });
    await publish(13);
    await eventually(() => expect(seen.length).toBeGreaterThan(1));
    expect(await pending('refresh')).toBe(1);
  });

  it('hands work out again when its handler says nothing that is a verdict', async () => {
    const faults: string[] = [];
    await boot([SilentConsumer], {
      consumers: [{ declaration: corner.consumers.control('crm'), room: 1 }],
      counted: (durable, outcome) => faults.push(`${durable} ${outcome}`),
    });
    await corner.publisher.publishWork(corner.bus.subjects.control('crm', 'c1'), note(corner.publisher, 1));
    await eventually(() => expect(faults).toContain('control_crm fault'));
    expect(await pending('control')).toBe(1);
  });

  it('opens and ends consumers while the application runs', async () => {
    const strategy = await boot([RefreshConsumer, FetchConsumer], {
      consumers: [refreshes()],
      onDemand: [WORK_PATTERNS.fetch],
    });
    const pull = strategy.open(corner.consumers.fetch('later', 'crm', 'default'), { room: 5 });
    const fetches = corner.bus.subjects.fetch('later', 'crm', 'default', 'k1');
    await corner.publisher.publishWork(fetches, note(corner.publisher, 4));
    await eventually(async () => expect(await pending('fetch')).toBe(0));
    expect(seen).toEqual(['fetch 4']);
    await pull.stop({ giveBack: true });
  });

  it('lets handlers end when the application closes', async () => {
    const { open, opened } = gate();
    until = opened;
    await boot([RefreshConsumer], { consumers: [refreshes()] });
    await publish(1);
    await eventually(() => expect(seen).toHaveLength(1));
    const closing = app?.close();
    open();
    await closing;
    expect(await pending('refresh')).toBe(0);
  });

  it('does not start when a subject has no handler, and names it', async () => {
    await expect(boot([FetchConsumer], { consumers: [refreshes()] })).rejects.toThrow(
      'subject work.refresh.>: expected one handler, found none',
    );
  });

  it('does not start when a subject that is opened on demand has no handler, and names it', async () => {
    await expect(
      boot([RefreshConsumer], { consumers: [refreshes()], onDemand: [WORK_PATTERNS.control] }),
    ).rejects.toThrow('subject work.control.>: expected one handler, found none');
  });

  it('does not start when a subject has two handlers, and names it', async () => {
    await expect(boot([RefreshConsumer, RivalConsumer], { consumers: [refreshes()] })).rejects.toThrow(
      'subject work.refresh.>: expected one handler, found two',
    );
  });

  it('does not start when a handler is fed by no consumer, and names it', async () => {
    await expect(boot([RefreshConsumer, FetchConsumer], { consumers: [refreshes()] })).rejects.toThrow(
      'handler work.fetch.>: no consumer feeds it',
    );
  });
});
