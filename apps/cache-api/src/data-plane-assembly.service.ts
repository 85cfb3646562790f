import { createHolderCalls, joinMembers } from '#bus';
import type { Bus, Publisher } from '#bus';
import { memoryForEntries, onHandedConnection } from '#runtime';
import type { Runtime } from '#runtime';
import { createEntryRepository, createReplyRepository } from '#store';
import type { Store } from '#store';
import { createAnswerMetrics } from './answer-metrics.js';
import { AnswerService } from './answer.service.js';
import { keepCoherent, TRUSTED_WITHOUT_RENEWAL_MS } from './coherence.service.js';
import { DataPlaneController } from './data-plane.controller.js';
import { ContentCodings } from './content-codings.js';
import { DeferralService } from './deferral.service.js';
import type { DirectoryService } from './directory.service.js';
import { DoorService } from './door.service.js';
import { EntriesService } from './entries.service.js';
import { EntryMap } from './entry-map.js';
import { ForwardService } from './forward.service.js';
import { ReadsService } from './reads.service.js';
import { RefreshService } from './refresh.service.js';
import { StaleRefreshesService } from './stale-refreshes.service.js';
import type { StatesService } from './states.service.js';
import { StoredUrlsService } from './stored-urls.service.js';
import { WriteService } from './write.service.js';

/** What both planes stand on. */
export interface Grounds {
  readonly store: Store;
  readonly bus: Bus;
  readonly publisher: Publisher;
  readonly directory: DirectoryService;
  readonly states: StatesService;
}

export interface DataPlane {
  close(): Promise<void>;
}

/** Answers clients on the data-plane port, and programs on the bus, from a memory of its own. */
export async function openDataPlane(
  runtime: Runtime,
  grounds: Grounds,
  accessToken: string | undefined,
): Promise<DataPlane> {
  const { environment, logger, clock, metrics, identity, workers } = runtime;
  const { store, bus, publisher, directory, states } = grounds;
  const membership = await joinMembers({ bus, app: 'cache-api', id: identity, clock });
  const map = new EntryMap(Math.floor(memoryForEntries() / workers.count), () => clock.now());
  metrics.gauge('penstock_memory_entry_bytes', 'Bytes of entries in memory', [], (gauge) => gauge.set(map.bytes()));
  const repository = createEntryRepository(store);
  const urls = new StoredUrlsService({ repository, logger });
  const isCoherent = (): boolean => membership.isCurrent(TRUSTED_WITHOUT_RENEWAL_MS);
  const entries = new EntriesService({ map, repository, isCoherent, urls });
  const calls = createHolderCalls({ bus, clock, identity });
  const reads = new ReadsService(bus.subjects.reads, publisher, runtime.chance);
  const forward = new ForwardService(calls, publisher.envelope);
  const refresh = new RefreshService({ bus, publisher, forward, entries, states, clock, logger });
  const staleRefreshes = new StaleRefreshesService({ bus, directory, repository, refresh, logger });
  const onStoredStale = staleRefreshes.changed.bind(staleRefreshes);
  const stopCoherence = keepCoherent({ bus, entries, membership, clock, onStoredStale });
  urls.readAnew();
  const writes = new WriteService({ forward, calls, envelope: publisher.envelope, clock, logger });
  const codings = new ContentCodings();
  const replies = createReplyRepository(store);
  const deferrals = new DeferralService({ bus, publisher, replies, directory, states, codings, clock, logger });
  const answers = new AnswerService({
    entries,
    forward,
    writes,
    refresh,
    reads,
    states,
    codings,
    deferrals,
    clock,
  });
  const { host, port } = environment;
  const dataPlane = new DataPlaneController({
    ...{ host, port, accessToken, directory, answers, deferrals, clock, logger },
    hits: { entries, refresh, reads, heldEntries: () => map.size() },
    metrics: createAnswerMetrics(metrics),
  });
  const door = new DoorService({ bus, directory, answers, clock });
  if (workers.role === 'worker') dataPlane.adoptFrom(onHandedConnection);
  else logger.info({ port: await dataPlane.listen(), host }, 'the data plane listens');
  return {
    async close() {
      door.close();
      await dataPlane.close();
      reads.close();
      urls.close();
      staleRefreshes.close();
      stopCoherence();
      calls.close();
      await membership.leave();
    },
  };
}
