import { connectBus, createPublisher, JetStreamStrategy, joinMembers } from '#bus';
import { declareConsumers, MOST_BATCHED } from '#contracts';
import { boot } from '#runtime';
import type { Runtime } from '#runtime';
import { createEntryRepository, createResourceStatRepository, createResourceStatWriter, openStore } from '#store';
import { LearningService } from './learning.service.js';
import { createRefreshMetrics } from './refresh-metrics.js';
import { RefreshService } from './refresh.service.js';
import { RefresherModule } from './refresher.module.js';

const APP = 'refresher';
const DEFAULT_OPS_PORT = 8083;
const MOST_HELD = 500;

let strategy: JetStreamStrategy | undefined;

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
      poolSize: 4,
      logger,
    });
    const bus = await connectBus({ url: natsUrl, namespace, name: APP, logger, clock });
    health.watch('postgres', () => store.ping());
    health.watch('nats', () => bus.connected());

    const publisher = createPublisher(bus, { identity });
    const membership = await joinMembers({ bus, app: APP, id: identity, clock });
    const refreshes = new RefreshService({
      ...{ bus, publisher, logger },
      entries: createEntryRepository(store),
      metrics: createRefreshMetrics(runtime.metrics),
    });
    const { timeScale } = environment;
    const learning = new LearningService({
      ...{ bus, publisher, clock, logger, timeScale },
      writer: createResourceStatWriter(store, { timeScale }),
      repository: createResourceStatRepository(store),
    });
    strategy = new JetStreamStrategy({
      bus,
      publisher,
      consumers: [
        {
          declaration: declareConsumers(bus.subjects).refresh(),
          room: MOST_HELD,
          mostInMessage: MOST_BATCHED,
          onDead: (givenUp) => refreshes.givenUp(givenUp),
        },
      ],
    });
    return {
      module: RefresherModule.with(runtime, refreshes),
      async close() {
        await Promise.all([learning.close(), membership.leave()]);
        await bus.close();
        await store.close();
      },
    };
  },
  async attach(nest) {
    if (strategy === undefined) throw new Error('attach came before prepare');
    nest.connectMicroservice({ strategy });
    await nest.startAllMicroservices();
  },
});
