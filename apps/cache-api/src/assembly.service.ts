import type { Provider } from '@nestjs/common';
import { connectBus, createPublisher, subscribeEvents } from '#bus';
import type { UpstreamConfig } from '#contracts';
import { followConfig, isLoopback } from '#runtime';
import type { Clock, ConfiguredUpstream, Runtime } from '#runtime';
import {
  createEntryListRepository,
  createPlanRepository,
  createResourceRepository,
  createResourceStatRepository,
  createResourceWriter,
  createUpstreamRepository,
  createUpstreamWriter,
  createUrlRepository,
  openStore,
} from '#store';
import { ConfigurationService } from './configuration.service.js';
import { ControlService } from './control.service.js';
import { openDataPlane } from './data-plane-assembly.service.js';
import type { Grounds } from './data-plane-assembly.service.js';
import { DeadService } from './dead.service.js';
import { DirectoryService } from './directory.service.js';
import { EventsService } from './events.service.js';
import { PlanService } from './plan.service.js';
import { LookupService } from './lookup.service.js';
import { ResourcesService } from './resources.service.js';
import { StatesService } from './states.service.js';
import { UrlOrdersService } from './url-orders.service.js';

export interface Assembly {
  /** What the controllers of the control plane ask. */
  readonly providers: Provider[];
  close(): Promise<void>;
}

/**
 * The parts of a cache-api. Where several processes share the data-plane port, the first of them commits the configuration and is the control
 * plane, and the others are the data plane.
 */
export async function assemble(runtime: Runtime): Promise<Assembly> {
  const { environment, logger, clock, health, app, identity, workers } = runtime;
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
  const version = workers.role === 'worker' ? undefined : await configuration.commit(config);
  const bus = await connectBus({ url: natsUrl, namespace, name: app, logger, clock });
  health.watch('postgres', () => store.ping());
  health.watch('nats', () => bus.connected());
  const publisher = createPublisher(bus, { identity });
  const assembly = await assembleOn(runtime, { store, bus, publisher }, accessToken);
  if (version !== undefined) await publisher.publishEvent('config.applied', { version }, { cause: 'start' });
  return assembly;
}

type Servers = Pick<Grounds, 'store' | 'bus' | 'publisher'>;

async function assembleOn(runtime: Runtime, servers: Servers, accessToken: string | undefined): Promise<Assembly> {
  const { logger, clock, workers } = runtime;
  const { store, bus } = servers;
  const directory = new DirectoryService(createUpstreamRepository(store), createResourceRepository(store), logger);
  const stopFollowing = await followUpstreams(runtime, servers, directory);
  const states = new StatesService(bus, clock);
  const grounds: Grounds = { ...servers, directory, states };
  const dataPlane = workers.role === 'first' ? undefined : await openDataPlane(runtime, grounds, accessToken);
  const events = new EventsService(bus);
  return {
    providers: controlPlaneOn(runtime, grounds, events),
    async close() {
      events.close();
      await dataPlane?.close();
      stopFollowing();
      directory.close();
      states.close();
      await bus.close();
      await store.close();
    },
  };
}

function controlPlaneOn({ clock, environment }: Runtime, grounds: Grounds, events: EventsService): Provider[] {
  const { store, bus, publisher, directory, states } = grounds;
  const resources = new ResourcesService(directory, createResourceRepository(store), createResourceWriter(store));
  const orders = new UrlOrdersService({ bus, publisher, directory, urls: createUrlRepository(store) });
  const lookups = new LookupService({ entries: createEntryListRepository(store), clock });
  return [
    { provide: DirectoryService, useValue: directory },
    { provide: StatesService, useValue: states },
    { provide: ControlService, useValue: new ControlService({ bus, publisher, states, clock }) },
    { provide: ResourcesService, useValue: resources },
    { provide: UrlOrdersService, useValue: orders },
    { provide: LookupService, useValue: lookups },
    { provide: PlanService, useValue: planService(environment.timeScale, clock, grounds) },
    { provide: EventsService, useValue: events },
    { provide: DeadService, useValue: new DeadService({ bus, publisher, directory }) },
  ];
}

function planService(timeScale: number, clock: Clock, { store, directory, states }: Grounds): PlanService {
  const repositories = { plans: createPlanRepository(store), stats: createResourceStatRepository(store) };
  return new PlanService({ directory, states, ...repositories, clock, timeScale });
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
