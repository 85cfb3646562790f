import type { Provider } from '@nestjs/common';
import { connectBus, createHolderCalls, createPublisher, joinMembers, subscribeEvents } from '#bus';
import type { Bus, HolderCalls, Membership, Publisher } from '#bus';
import type { UpstreamConfig } from '#contracts';
import { followConfig, isLoopback } from '#runtime';
import type { ConfiguredUpstream, Runtime } from '#runtime';
import {
  createEntryRepository,
  createResourceRepository,
  createResourceWriter,
  createUpstreamRepository,
  createUpstreamWriter,
  openStore,
} from '#store';
import type { Store } from '#store';
import { createAnswerMetrics } from './answer-metrics.js';
import { AnswerService } from './answer.service.js';
import { keepCoherent, TRUSTED_WITHOUT_RENEWAL_MS } from './coherence.service.js';
import { ConfigurationService } from './configuration.service.js';
import { ControlService } from './control.service.js';
import { DataPlaneController } from './data-plane.controller.js';
import { DeadService } from './dead.service.js';
import { DirectoryService } from './directory.service.js';
import { DoorService } from './door.service.js';
import { EntriesService } from './entries.service.js';
import { EntryMap } from './entry-map.js';
import { EventsService } from './events.service.js';
import { ForwardService } from './forward.service.js';
import { ReadsService } from './reads.service.js';
import { RefreshService } from './refresh.service.js';
import { ResourcesService } from './resources.service.js';
import { StatesService } from './states.service.js';
import { WriteService } from './write.service.js';

const MEMORY_BYTES = 256 * 1024 * 1024;

export interface Assembly {
  /** What the controllers of the control plane ask. */
  readonly providers: Provider[];
  close(): Promise<void>;
}

/** Everything that a part may need of the servers, under one name. */
interface Servers {
  readonly store: Store;
  readonly bus: Bus;
  readonly publisher: Publisher;
  readonly membership: Membership;
}

/** The parts of a cache-api, with the configuration committed and the data plane listening. */
export async function assemble(runtime: Runtime): Promise<Assembly> {
  const { environment, logger, clock, health, app, identity } = runtime;
  const { namespace, natsUrl, postgresUrl } = environment;
  const store = await openStore({
    url: postgresUrl,
    schema: namespace,
    applicationName: `${namespace}-${app}`,
    poolSize: 8,
    logger,
  });
  const resources = createResourceWriter(store);
  const configuration = new ConfigurationService(environment, createUpstreamWriter(store), resources, logger);
  const config = await configuration.read();
  const accessToken = accessTokenOf(runtime, config.dataPlane.requireAccessToken);
  const version = await configuration.commit(config);
  const bus = await connectBus({ url: natsUrl, namespace, name: app, logger, clock });
  health.watch('postgres', () => store.ping());
  health.watch('nats', () => bus.connected());
  const publisher = createPublisher(bus, { identity });
  const membership = await joinMembers({ bus, app: 'cache-api', id: identity, clock });
  const assembly = await assembleOn(runtime, { store, bus, publisher, membership }, accessToken);
  await publisher.publishEvent('config.applied', { version }, { cause: 'start' });
  return assembly;
}

async function assembleOn(runtime: Runtime, servers: Servers, accessToken: string | undefined): Promise<Assembly> {
  const { environment, logger, clock, metrics, identity } = runtime;
  const { store, bus, publisher, membership } = servers;
  const map = new EntryMap(MEMORY_BYTES, () => clock.now());
  metrics.gauge('penstock_memory_entry_bytes', 'Bytes of entries in memory', [], (gauge) => gauge.set(map.bytes()));
  const entries = new EntriesService(map, createEntryRepository(store), () =>
    membership.isCurrent(TRUSTED_WITHOUT_RENEWAL_MS),
  );
  const stopCoherence = keepCoherent(bus, entries, membership);
  const resources = createResourceRepository(store);
  const directory = new DirectoryService(createUpstreamRepository(store), resources, logger);
  const stopFollowing = await followUpstreams(runtime, servers, directory);
  const states = new StatesService(bus, clock);
  const calls = createHolderCalls({ bus, clock, identity });
  const reads = new ReadsService(bus, publisher);
  const answers = answersOn(runtime, servers, { entries, states, calls, reads });
  const { host, port } = environment;
  const answerMetrics = createAnswerMetrics(metrics);
  const dataPlane = new DataPlaneController({
    host,
    port,
    accessToken,
    directory,
    answers,
    metrics: answerMetrics,
    clock,
    logger,
  });
  const door = new DoorService({ bus, directory, answers, clock });
  const events = new EventsService(bus);
  logger.info({ port: await dataPlane.listen(), host }, 'the data plane listens');
  return {
    providers: [
      { provide: DirectoryService, useValue: directory },
      { provide: StatesService, useValue: states },
      { provide: ControlService, useValue: new ControlService({ bus, publisher, states, clock }) },
      { provide: ResourcesService, useValue: new ResourcesService(directory, resources, createResourceWriter(store)) },
      { provide: EventsService, useValue: events },
      { provide: DeadService, useValue: new DeadService({ bus, publisher, directory }) },
    ],
    async close() {
      events.close();
      door.close();
      await dataPlane.close();
      reads.close();
      stopCoherence();
      stopFollowing();
      directory.close();
      states.close();
      calls.close();
      await membership.leave();
      await bus.close();
      await store.close();
    },
  };
}

interface AnswerParts {
  readonly entries: EntriesService;
  readonly states: StatesService;
  readonly calls: HolderCalls;
  readonly reads: ReadsService;
}

function answersOn({ clock, logger }: Runtime, { bus, publisher }: Servers, parts: AnswerParts): AnswerService {
  const { entries, states, calls, reads } = parts;
  const forward = new ForwardService(calls, publisher.envelope);
  return new AnswerService({
    ...{ entries, forward, reads, states, clock },
    writes: new WriteService({ forward, calls, envelope: publisher.envelope, clock, logger }),
    refresh: new RefreshService({ bus, publisher, forward, entries, states, clock, logger }),
  });
}

async function followUpstreams(
  { logger }: Runtime,
  { store, bus }: Servers,
  directory: DirectoryService,
): Promise<() => void> {
  const upstreams = createUpstreamRepository(store);
  const feed = await followConfig<UpstreamConfig>({
    load: async () => (await upstreams.readUpstreams()) as ConfiguredUpstream<UpstreamConfig>[],
    apply: (configured) => directory.apply(configured),
    logger,
  });
  const unsubscribe = subscribeEvents(bus, ['config.applied'], () => feed.nudge());
  return () => {
    feed.close();
    unsubscribe();
  };
}

/** The data plane lends its upstream credentials to whoever reaches it. @throws when it would do so unasked. */
function accessTokenOf({ environment }: Runtime, isRequired: boolean): string | undefined {
  if (isLoopback(environment.host) || !isRequired) return environment.accessToken;
  if (environment.accessToken !== undefined) return environment.accessToken;
  throw new Error(
    `PENSTOCK_HOST is ${environment.host}, which others can reach, and PENSTOCK_ACCESS_TOKEN is not set; set it, or say dataPlane: { requireAccessToken: false } in the configuration`,
  );
}
