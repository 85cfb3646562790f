import { hostname } from 'node:os';
import { randomBytes } from 'node:crypto';
import {
  connectBus,
  createAcknowledgements,
  createPublisher,
  JetStreamStrategy,
  joinMembers,
  subscribeEvents,
  watchMembers,
} from '#bus';
import { WORK_PATTERNS } from '#contracts';
import type { UpstreamConfig } from '#contracts';
import { boot, followConfig } from '#runtime';
import type { ConfiguredUpstream, Runtime } from '#runtime';
import {
  createEntryRepository,
  createEntryWriter,
  createScopeViewRepository,
  createScopeViewWriter,
  createUpstreamRepository,
  openStore,
} from '#store';
import { createAnnouncer } from './announcer.service.js';
import { CollectorService } from './collector.service.js';
import { CompletionsService } from './completions.service.js';
import { createDispatchMetrics } from './dispatch-metrics.js';
import { DispatcherModule } from './dispatcher.module.js';
import { HoldersService } from './holders.service.js';

const APP = 'dispatcher';
const DEFAULT_OPS_PORT = 8084;
const WAITING_ANSWERS_BYTES = 256 * 1024 * 1024;
const LONGEST_LAST_WRITES_MS = 2_000;

let strategy: JetStreamStrategy | undefined;
let startHolding: (() => Promise<void>) | undefined;

await boot({
  name: APP,
  defaultOpsPort: DEFAULT_OPS_PORT,
  listensOn: 'ops',
  async prepare(runtime: Runtime) {
    const { environment, logger, clock, chance, health } = runtime;
    const { namespace, natsUrl, postgresUrl } = environment;
    const store = await openStore({
      url: postgresUrl,
      schema: namespace,
      applicationName: `${namespace}-${APP}`,
      poolSize: 8,
      logger,
    });
    const bus = await connectBus({ url: natsUrl, namespace, name: APP, logger, clock });
    health.watch('postgres', () => store.ping());
    health.watch('nats', () => bus.connected());

    const identity = `${APP}-${hostname().replace(/[^A-Za-z0-9_-]/g, '-')}-${process.pid}-${randomBytes(3).toString('hex')}`;
    const publisher = createPublisher(bus, { identity });
    const membership = await joinMembers({ bus, app: APP, id: identity, clock });
    const members = watchMembers({ bus, app: APP, clock });
    const cacheApis = watchMembers({ bus, app: 'cache-api', clock });
    const announcer = createAnnouncer(publisher, createAcknowledgements({ bus, members: cacheApis }));
    const writer = createEntryWriter(store);
    const completions = new CompletionsService({ writer, clock, logger, maxBytes: WAITING_ANSWERS_BYTES });
    strategy = new JetStreamStrategy({
      bus,
      publisher,
      consumers: [],
      onDemand: [WORK_PATTERNS.fetch, WORK_PATTERNS.control],
    });
    const holders = new HoldersService({
      ...{
        bus,
        publisher,
        strategy,
        membership,
        members,
        announcer,
        completions,
        writer,
        environment,
        clock,
        chance,
        logger,
      },
      repository: createEntryRepository(store),
      scopeReader: createScopeViewRepository(store),
      scopeWriter: createScopeViewWriter(store),
      metrics: createDispatchMetrics(runtime.metrics),
    });
    const collector = new CollectorService({ writer, announcer, clock, logger, mayCollect: () => holders.holdsAny() });
    let stopFollowing = (): void => undefined;
    startHolding = async () => {
      const upstreams = createUpstreamRepository(store);
      const feed = await followConfig<UpstreamConfig>({
        load: async () => (await upstreams.readUpstreams()) as ConfiguredUpstream<UpstreamConfig>[],
        apply: (configured) => holders.apply(configured),
        logger,
      });
      const unsubscribe = subscribeEvents(bus, ['config.applied'], () => feed.nudge());
      stopFollowing = () => {
        feed.close();
        unsubscribe();
      };
    };
    return {
      module: DispatcherModule.with(runtime, holders),
      async close() {
        stopFollowing();
        await holders.close();
        await Promise.all([collector.close(), completions.close(LONGEST_LAST_WRITES_MS), membership.leave()]);
        members.close();
        cacheApis.close();
        await bus.close();
        await store.close();
      },
    };
  },
  async attach(nest) {
    if (strategy === undefined || startHolding === undefined) throw new Error('attach came before prepare');
    nest.connectMicroservice({ strategy });
    await nest.startAllMicroservices();
    await startHolding();
  },
});
