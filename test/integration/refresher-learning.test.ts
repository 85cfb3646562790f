import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectBus, createPublisher, subscribeLearned, type Bus } from '#bus';
import type { EventPayloads, LearnedStats } from '#contracts';
import { createResourceStatRepository, createResourceStatWriter, type ResourceStat, type Store } from '#store';
// eslint-disable-next-line house/rooms -- what is learned is written down: tested against real servers alone, several side by side
import { LearningService } from '../../apps/refresher/src/learning.service.js';
import { startNats, startPostgres, type RealServer } from '../support/real-servers.js';
import { busIn, eventually, leave, type Corner } from './bus-fixture.js';
import { refOf, UPSTREAM } from './planning-fixture.js';
import { gateBefore, openAt, type Gate } from './store-fixture.js';

type StoredFact = EventPayloads['entry.stored'];

const HASH = 'a'.repeat(64);

describe('what refreshers learn', () => {
  let nats: RealServer;
  let postgres: RealServer;
  let corner: Corner;
  let gate: Gate;
  let store: Store;
  let told: LearnedStats[];
  let closers: (() => Promise<void> | void)[];
  let send = 0;

  beforeAll(async () => {
    [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  });
  afterAll(() => Promise.all([nats.stop(), postgres.stop()]));
  beforeEach(async () => {
    corner = await busIn(nats.url);
    gate = await gateBefore(postgres.url);
    store = await openAt(postgres.url, { schema: corner.bus.subjects.namespace });
    told = [];
    closers = [subscribeLearned(corner.bus, (learned) => void told.push(learned))];
    await corner.bus.nc.flush();
  });
  afterEach(async () => {
    for (const close of closers.toReversed()) await close();
    await store.close();
    await leave(corner);
  });

  /** As one process of the refresher has it: with connections of its own. */
  async function replica(): Promise<LearningService> {
    const { namespace } = corner.bus.subjects;
    const own = await openAt(gate.url, { schema: namespace, poolSize: 2 });
    const logger = { debug: silence, info: silence, warn: silence, error: silence, fatal: silence };
    const bus: Bus = await connectBus({ url: nats.url, namespace, name: 'test', logger, clock: Date });
    const learning = new LearningService({
      ...{ bus, clock: Date, logger, publisher: createPublisher(bus, { identity: 'test' }) },
      ...{ writer: createResourceStatWriter(own), repository: createResourceStatRepository(own) },
    });
    await bus.nc.flush();
    closers.push(
      () => bus.close(),
      () => own.close(),
      () => learning.close(),
    );
    return learning;
  }

  async function stored(path: string, more: Partial<StoredFact> = {}): Promise<void> {
    send += 1;
    const times = { requestedAt: 1_000 * send, receivedAt: 1_000 * send + 5, lifetimeMs: 1_000 };
    const fact: StoredFact = {
      ...{ ...refOf(path), ...times, version: { fence: 1, send }, status: 200, bodyHash: HASH, bodyBytes: 1 },
      ...{ changed: true, intervalMs: 300_000, unchangedForMs: null },
      ...more,
    };
    expect(await corner.publisher.publishEvent('entry.stored', fact, { cause: 'test' })).toBe('stored');
  }

  async function learned(): Promise<Map<string, ResourceStat>> {
    const stats = await createResourceStatRepository(store).readStats(UPSTREAM, undefined, 1_000);
    return new Map(stats.map((stat) => [stat.key, stat]));
  }

  const learnedOf = async (path: string): Promise<ResourceStat | undefined> => (await learned()).get(refOf(path).key);

  async function countsOf(path: string): Promise<{ refreshes: number; changes: number } | undefined> {
    const text = 'select refreshes, changes, last_changed_at from resource_stat where key = $1';
    return (await store.query<{ refreshes: number; changes: number }>({ name: 'counts', text }, [refOf(path).key]))[0];
  }

  it('is a rate of change, by refreshes with a change and without; it is told as it is written', async () => {
    await replica();
    await stored('/items/1', { intervalMs: null });
    for (let i = 0; i < 10; i += 1) {
      await stored('/items/1', { changed: i % 5 === 0 });
      await stored('/items/2', { changed: i % 5 !== 0 });
    }
    await eventually(async () => expect((await learnedOf('/items/2'))?.observations).toBe(10));
    const [slow, fast] = [await learnedOf('/items/1'), await learnedOf('/items/2')];
    expect(slow).toMatchObject({ observations: 10, template: '/items/{}', cost: 1 });
    expect((slow?.changeRate ?? 0) * 300).toBeGreaterThan(0.1);
    expect((slow?.changeRate ?? 0) * 300).toBeLessThan(0.5);
    expect((fast?.changeRate ?? 0) / (slow?.changeRate ?? 1)).toBeGreaterThan(3);
    expect(await countsOf('/items/1')).toMatchObject({ refreshes: 11, changes: 2 });
    await eventually(() => {
      const last = told.findLast(({ keys }) => keys.includes(refOf('/items/2').key));
      const at = last?.keys.indexOf(refOf('/items/2').key) ?? -1;
      expect(last?.changeRates[at]).toBe(fast?.changeRate);
      expect(last).toMatchObject({ upstream: UPSTREAM });
    });
  });

  it('is nothing where a refresh met a server error, or belonged to one client', async () => {
    await replica();
    await stored('/items/1', { status: 503 });
    await stored('/items/2', { partition: 'f00d' });
    await stored('/items/3', { status: 404 });
    await eventually(async () => expect([...(await learned()).keys()]).toEqual([refOf('/items/3').key]));
  });

  it('is all there when several replicas hear of the same resources', async () => {
    await Promise.all([replica(), replica(), replica()]);
    const paths = Array.from({ length: 20 }, (_, i) => `/items/${i}`);
    for (let round = 0; round < 30; round += 1) {
      await Promise.all(paths.map((path) => stored(path, { changed: round % 2 === 0 })));
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    await eventually(async () => {
      const stats = [...(await learned()).values()];
      expect(stats.map(({ observations }) => observations)).toEqual(paths.map(() => 30));
    });
    expect(await countsOf('/items/7')).toMatchObject({ refreshes: 30, changes: 15 });
  });

  it('is written at the end of a process, and gone on from by the next', async () => {
    const first = await replica();
    await stored('/items/1');
    const counts = [[refOf('/items/1').key, 7]];
    const reads = { ...corner.publisher.envelope({ cause: 'test' }), upstream: UPSTREAM, counts };
    corner.publisher.publishCore(corner.bus.subjects.reads, reads);
    await corner.bus.nc.flush();
    await eventually(async () => expect(await learnedOf('/items/1')).toMatchObject({ observations: 1 }));
    await first.close();
    expect(await learnedOf('/items/1')).toMatchObject({ observations: 1, reads: expect.closeTo(7, 1) });
    await replica();
    await stored('/items/1', { changed: false });
    await eventually(async () => expect(await learnedOf('/items/1')).toMatchObject({ observations: 2 }));
    expect((await learnedOf('/items/1'))?.reads).toBeCloseTo(7, 1);
  });

  it('is kept while PostgreSQL is away', async () => {
    await replica();
    await stored('/items/1');
    await eventually(async () => expect(await learnedOf('/items/1')).toMatchObject({ observations: 1 }));
    await gate.close();
    await stored('/items/1', { changed: false });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await stored('/items/1', { cost: 9 });
    expect(await learnedOf('/items/1')).toMatchObject({ observations: 1 });
    await gate.open();
    await eventually(async () => expect(await learnedOf('/items/1')).toMatchObject({ observations: 3, cost: 2 }));
  });

  it('is what to expect of others of their kind, told to whoever plans', async () => {
    await replica();
    for (let i = 0; i < 4; i += 1) await stored(`/items/${i}`, { changed: i < 2 });
    await eventually(() => expect(told.findLast(({ priors }) => priors !== undefined)).toBeDefined());
    const priors = told.findLast((learnedStats) => learnedStats.priors !== undefined)?.priors;
    expect(Object.keys(priors?.templates ?? {})).toEqual(['/items/{}']);
    expect((priors?.overall ?? 0) * 300).toBeGreaterThan(0.3);
    expect((priors?.overall ?? 0) * 300).toBeLessThan(1.5);
  });
});

function silence(): void {
  // Nobody reads these lines.
}
