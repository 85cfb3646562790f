import {
  connectBus,
  createAcknowledgements,
  createPublisher,
  JetStreamStrategy,
  joinMembers,
  subscribeEvents,
  watchMembers,
} from '#bus';
import type { Bus } from '#bus';
import { WORK_PATTERNS } from '#contracts';
import type { UpstreamConfig } from '#contracts';
import { followConfig } from '#runtime';
import type { ConfiguredUpstream, Runtime } from '#runtime';
import {
  createEntryRepository,
  createEntryWriter,
  createListCursorRepository,
  createListCursorWriter,
  createReplyRepository,
  createReplyWriter,
  createScopeViewRepository,
  createScopeViewWriter,
  createStaleMarkWriter,
  createUpstreamRepository,
  openStore,
} from '#store';
import type { Store } from '#store';
import { createAnnouncer } from './announcer.service.js';
import { CollectorService } from './collector.service.js';
import { CompletionsService } from './completions.service.js';
import { createDispatchMetrics } from './dispatch-metrics.js';
import { HoldersService } from './holders.service.js';
import { RepliesService } from './replies.service.js';

const WAITING_ANSWERS_BYTES = 256 * 1024 * 1024;
const LONGEST_LAST_WRITES_MS = 2_000;

/** The parts of a dispatcher, connected but not yet holding anything. */
export interface Assembly {
  readonly strategy: JetStreamStrategy;
  readonly holders: HoldersService;
  /** Once work can be handled: stands for the upstreams of the configuration, and follows it. */
  start(): Promise<void>;
  /** In order: let go of the upstreams, write what is left, leave. */
  close(): Promise<void>;
}

export async function assemble(runtime: Runtime): Promise<Assembly> {
  const { environment, logger, clock, health, app } = runtime;
  const { namespace, natsUrl, postgresUrl } = environment;
  const store = await openStore({
    url: postgresUrl,
    schema: namespace,
    applicationName: `${namespace}-${app}`,
    poolSize: 8,
    logger,
  });
  const bus = await connectBus({ url: natsUrl, namespace, name: app, logger, clock });
  health.watch('postgres', () => store.ping());
  health.watch('nats', () => bus.connected());
  return assembleOn(runtime, store, bus);
}

async function assembleOn(runtime: Runtime, store: Store, bus: Bus): Promise<Assembly> {
  const { environment, logger, clock, chance, identity } = runtime;
  const publisher = createPublisher(bus, { identity });
  const membership = await joinMembers({ bus, app: 'dispatcher', id: identity, clock });
  const members = watchMembers({ bus, app: 'dispatcher', clock });
  const cacheApis = watchMembers({ bus, app: 'cache-api', clock });
  const announcer = createAnnouncer(publisher, createAcknowledgements({ bus, members: cacheApis }));
  const writer = createEntryWriter(store);
  const completions = new CompletionsService({ writer, clock, logger, maxBytes: WAITING_ANSWERS_BYTES });
  const replies = repliesOn(runtime, store);
  const staleMarks = createStaleMarkWriter(store);
  const onDemand = [WORK_PATTERNS.fetch, WORK_PATTERNS.control];
  const strategy = new JetStreamStrategy({ bus, publisher, consumers: [], onDemand });
  const holders = new HoldersService({
    ...{ bus, publisher, strategy, membership, members, announcer, completions, replies, writer, staleMarks },
    ...{ environment, clock, chance, logger },
    repository: createEntryRepository(store),
    scopeReader: createScopeViewRepository(store),
    scopeWriter: createScopeViewWriter(store),
    cursors: { ...createListCursorRepository(store), ...createListCursorWriter(store) },
    metrics: createDispatchMetrics(runtime.metrics),
  });
  const collector = new CollectorService({
    ...{ writer, replies, staleMarks, announcer, clock, logger },
    mayCollect: () => holders.holdsAny(),
  });
  let stopFollowing = (): void => undefined;
  return {
    strategy,
    holders,
    async start() {
      stopFollowing = await followUpstreams(runtime, store, bus, holders);
    },
    async close() {
      stopFollowing();
      await holders.close();
      replies.close();
      await Promise.all([collector.close(), completions.close(LONGEST_LAST_WRITES_MS), membership.leave()]);
      members.close();
      cacheApis.close();
      await bus.close();
      await store.close();
    },
  };
}

function repliesOn({ clock, logger }: Runtime, store: Store): RepliesService {
  return new RepliesService({
    ...{ clock, logger },
    writer: createReplyWriter(store),
    repository: createReplyRepository(store),
  });
}

async function followUpstreams(
  { logger }: Runtime,
  store: Store,
  bus: Bus,
  holders: HoldersService,
): Promise<() => void> {
  const upstreams = createUpstreamRepository(store);
  const feed = await followConfig<UpstreamConfig>({
    load: async () => (await upstreams.readUpstreams()) as ConfiguredUpstream<UpstreamConfig>[],
    apply: (configured) => holders.apply(configured),
    logger,
  });
  const unsubscribe = subscribeEvents(bus, ['config.applied'], () => feed.nudge());
  return () => {
    feed.close();
    unsubscribe();
  };
}
