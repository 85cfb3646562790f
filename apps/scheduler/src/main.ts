import { connectBus, createPublisher, joinMembers, subscribeEvents, watchMembers } from '#bus';
import type { UpstreamConfig } from '#contracts';
import { boot, followConfig } from '#runtime';
import type { ConfiguredUpstream, Runtime } from '#runtime';
import {
  createEntryRepository,
  createResourceRepository,
  createResourceStatRepository,
  createUpstreamRepository,
  openStore,
} from '#store';
import { createScheduleMetrics } from './schedule-metrics.js';
import { SchedulerModule } from './scheduler.module.js';
import { SchedulersService } from './schedulers.service.js';

const APP = 'scheduler';
const DEFAULT_OPS_PORT = 8082;

let startReminding: (() => Promise<void>) | undefined;

await boot({
  name: APP,
  defaultOpsPort: DEFAULT_OPS_PORT,
  listensOn: 'ops',
  yields: true,
  async prepare(runtime: Runtime) {
    const { environment, logger, clock, health, identity } = runtime;
    const { namespace, natsUrl, postgresUrl } = environment;
    const store = await openStore({
      url: postgresUrl,
      schema: namespace,
      applicationName: `${namespace}-${APP}`,
      poolSize: 2,
      logger,
    });
    const bus = await connectBus({ url: natsUrl, namespace, name: APP, logger, clock });
    health.watch('postgres', () => store.ping());
    health.watch('nats', () => bus.connected());

    const publisher = createPublisher(bus, { identity });
    const membership = await joinMembers({ bus, app: APP, id: identity, clock });
    const members = watchMembers({ bus, app: APP, clock });
    const upstreams = createUpstreamRepository(store);
    const schedulers = new SchedulersService({
      ...{ bus, publisher, membership, members, upstreams, clock, logger },
      resources: createResourceRepository(store),
      entries: createEntryRepository(store),
      stats: createResourceStatRepository(store),
      timeScale: environment.timeScale,
      metrics: createScheduleMetrics(runtime.metrics),
    });
    let stopFollowing = (): void => undefined;
    startReminding = async () => {
      const feed = await followConfig<UpstreamConfig>({
        load: async () => (await upstreams.readUpstreams()) as ConfiguredUpstream<UpstreamConfig>[],
        apply: (configured) => schedulers.apply(configured),
        logger,
      });
      const unsubscribe = subscribeEvents(bus, ['config.applied'], () => feed.nudge());
      stopFollowing = () => {
        feed.close();
        unsubscribe();
      };
    };
    return {
      module: SchedulerModule.with(runtime, schedulers),
      async close() {
        stopFollowing();
        await schedulers.close();
        await membership.leave();
        members.close();
        await bus.close();
        await store.close();
      },
    };
  },
  async attach() {
    if (startReminding === undefined) throw new Error('attach came before prepare');
    await startReminding();
  },
});
