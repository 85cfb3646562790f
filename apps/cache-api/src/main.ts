import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { FastifyInstance } from 'fastify';
import { connectBus, createHolderCalls, createPublisher, joinMembers, subscribeEvents } from '#bus';
import type { UpstreamConfig } from '#contracts';
import { boot, followConfig, isLoopback } from '#runtime';
import type { ConfiguredUpstream, Runtime } from '#runtime';
import {
  createEntryRepository,
  createResourceRepository,
  createResourceWriter,
  createUpstreamRepository,
  createUpstreamWriter,
  openStore,
} from '#store';
import { createAnswerMetrics } from './answer-metrics.js';
import { AnswerService } from './answer.service.js';
import { CacheApiModule } from './cache-api.module.js';
import { keepCoherent, TRUSTED_WITHOUT_RENEWAL_MS } from './coherence.service.js';
import { ConfigurationService } from './configuration.service.js';
import { ControlService } from './control.service.js';
import { DataPlaneController } from './data-plane.controller.js';
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

const APP = 'cache-api';
const DEFAULT_OPS_PORT = 8081;
const MEMORY_BYTES = 256 * 1024 * 1024;

await boot({
  name: APP,
  defaultOpsPort: DEFAULT_OPS_PORT,
  listensOn: 'admin',
  async prepare(runtime: Runtime) {
    const { environment, logger, clock, health, metrics } = runtime;
    const { namespace, natsUrl, postgresUrl, host, port } = environment;
    const store = await openStore({
      url: postgresUrl,
      schema: namespace,
      applicationName: `${namespace}-${APP}`,
      poolSize: 8,
      logger,
    });
    const resourceWriter = createResourceWriter(store);
    const configuration = new ConfigurationService(environment, createUpstreamWriter(store), resourceWriter, logger);
    const config = await configuration.read();
    const accessToken = accessTokenOf(runtime, config.dataPlane.requireAccessToken);
    const version = await configuration.commit(config);

    const bus = await connectBus({ url: natsUrl, namespace, name: APP, logger, clock });
    health.watch('postgres', () => store.ping());
    health.watch('nats', () => bus.connected());
    const identity = `${APP}-${hostname().replace(/[^A-Za-z0-9_-]/g, '-')}-${process.pid}-${randomBytes(3).toString('hex')}`;
    const publisher = createPublisher(bus, { identity });
    const map = new EntryMap(MEMORY_BYTES, () => clock.now());
    let isMember = (): boolean => false;
    const entries = new EntriesService(map, createEntryRepository(store), () => isMember());
    // Heard before we are waited for: from the moment that we are a member, others count on our having heard.
    const membership = await joinMembers({ bus, app: APP, id: identity, clock });
    const stopCoherence = keepCoherent(bus, entries, membership);
    isMember = () => membership.isCurrent(TRUSTED_WITHOUT_RENEWAL_MS);

    const upstreams = createUpstreamRepository(store);
    const resources = createResourceRepository(store);
    const directory = new DirectoryService(upstreams, resources, logger);
    const feed = await followConfig<UpstreamConfig>({
      load: async () => (await upstreams.readUpstreams()) as ConfiguredUpstream<UpstreamConfig>[],
      apply: (configured) => directory.apply(configured),
      logger,
    });
    const stopNudges = subscribeEvents(bus, ['config.applied'], () => feed.nudge());
    await publisher.publishEvent('config.applied', { version }, { cause: 'start' });

    const states = new StatesService(bus, clock);
    const calls = createHolderCalls({ bus, clock, identity });
    const forward = new ForwardService(calls, publisher.envelope);
    const reads = new ReadsService(bus, publisher);
    const answers = new AnswerService({
      ...{ entries, forward, reads, states, clock },
      writes: new WriteService({ forward, calls, envelope: publisher.envelope, clock, logger }),
      refresh: new RefreshService({ bus, publisher, forward, entries, states, clock, logger }),
    });
    const dataPlane = new DataPlaneController({
      ...{ host, port, accessToken, directory, answers, clock, logger },
      metrics: createAnswerMetrics(metrics),
    });
    const door = new DoorService({ bus, directory, answers, clock });
    const events = new EventsService(bus);
    metrics.gauge('penstock_memory_entry_bytes', 'Bytes of entries held in memory', [], (gauge) =>
      gauge.set(map.bytes()),
    );
    logger.info({ port: await dataPlane.listen(), host }, 'the data plane listens');

    return {
      module: CacheApiModule.with(runtime, [
        { provide: DirectoryService, useValue: directory },
        { provide: StatesService, useValue: states },
        { provide: ControlService, useValue: new ControlService({ bus, publisher, states, clock }) },
        { provide: ResourcesService, useValue: new ResourcesService(directory, resources, resourceWriter) },
        { provide: EventsService, useValue: events },
      ]),
      async close() {
        events.close();
        door.close();
        await dataPlane.close();
        reads.close();
        for (const stop of [
          stopCoherence,
          stopNudges,
          () => feed.close(),
          () => directory.close(),
          () => states.close(),
          () => calls.close(),
        ])
          stop();
        await membership.leave();
        await bus.close();
        await store.close();
      },
    };
  },
  attach(nest) {
    const fastify = nest.getHttpAdapter().getInstance() as unknown as FastifyInstance;
    fastify.addContentTypeParser(['application/x-ndjson', 'text/csv'], { parseAs: 'string' }, (_request, body, done) =>
      done(null, body),
    );
  },
});

/** The data plane lends its upstream credentials to whoever reaches it. @throws when it would do so unasked. */
function accessTokenOf({ environment }: Runtime, isRequired: boolean): string | undefined {
  if (isLoopback(environment.host) || !isRequired) return environment.accessToken;
  if (environment.accessToken !== undefined) return environment.accessToken;
  throw new Error(
    `PENSTOCK_HOST is ${environment.host}, which others can reach, and PENSTOCK_ACCESS_TOKEN is not set; set it, or say dataPlane: { requireAccessToken: false } in the configuration`,
  );
}
