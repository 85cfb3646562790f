import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { done, openPull, type Pull } from '#bus';
import { isBatch, singlesOf, type RefreshBatch, type RefreshWork } from '#contracts';
import { createResourceWriter, createStaleMarkWriter, createUpstreamWriter, type Store } from '#store';
import { startNats, startPostgres, type RealServer } from '../support/real-servers.js';
import type { TestStack } from '../support/stack.js';
import { busIn, eventually, leave, type Corner } from './bus-fixture.js';
import {
  configure,
  keepEntry,
  refOf,
  startOnly,
  stateOf,
  storeOf,
  UPSTREAM,
  upstreamConfig,
} from './planning-fixture.js';

const MAX_AGE_MS = 1_000;
const PATHS = Array.from({ length: 20 }, (_, i) => `/items/${i + 1}`);

describe('the scheduler', () => {
  let nats: RealServer;
  let postgres: RealServer;
  let corner: Corner;
  let store: Store;
  let stack: TestStack | undefined;
  let pulls: Pull[];
  let states: NodeJS.Timeout;
  let told = stateOf({});

  beforeAll(async () => {
    [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  });
  afterAll(() => Promise.all([nats.stop(), postgres.stop()]));
  beforeEach(async () => {
    corner = await busIn(nats.url);
    store = await storeOf(corner, postgres.url);
    told = stateOf({});
    pulls = [];
    states = setInterval(() => corner.publisher.publishCore(corner.bus.subjects.state(UPSTREAM), told), 250);
  });
  afterEach(async () => {
    clearInterval(states);
    await stack?.stop();
    await Promise.all(pulls.map((pull) => pull.stop({ giveBack: true })));
    await leave(corner);
    await store.close();
  });

  async function planned(paths: readonly string[], maxAgeMs = MAX_AGE_MS): Promise<void> {
    await configure(store, upstreamConfig(`{ maxAge: ${maxAgeMs}ms }`));
    const writer = createResourceWriter(store);
    await writer.putResources(
      paths.map((path) => ({ ...refOf(path), maxAgeMs: null, weight: 1, tags: [], source: 'api' as const })),
    );
  }

  async function start(replicas = 1): Promise<TestStack> {
    return (stack = await startOnly('scheduler', { corner, replicas, natsUrl: nats.url, postgresUrl: postgres.url }));
  }

  let send = 0;

  async function answer({ path }: RefreshWork): Promise<void> {
    const version = { fence: 2, send: (send += 1) };
    const facts = await keepEntry(store, path, { version });
    await corner.publisher.publishEvent('entry.stored', facts, { cause: 'test' });
    const ended = { ...refOf(path), lane: 'later', attempts: 1, throttles: 0 } as const;
    const answered = { ...ended, status: 200, version, durationMs: 5 };
    await corner.publisher.publishEvent('fetch.answered', answered, { cause: 'test' });
  }

  /** Takes reminders as a refresher and a dispatcher together would: each is fetched and told. */
  function answering(seen: RefreshWork[]): void {
    const pull = openPull<RefreshWork | RefreshBatch>(corner.bus, corner.consumers.refresh(), {
      publisher: corner.publisher,
      room: () => 50,
      handle: async ({ message }) => {
        const reminders = remindersIn(message);
        seen.push(...reminders);
        await Promise.all(reminders.map(answer));
        return done;
      },
    });
    pulls.push(pull);
  }

  const times = (seen: readonly RefreshWork[], path: string): number =>
    seen.filter((work) => work.path === path).length;

  it('reminds of every resource once a maxAge, with the version that is known', async () => {
    await planned(PATHS);
    const seen: RefreshWork[] = [];
    answering(seen);
    await start();
    await eventually(() => expect(PATHS.every((path) => times(seen, path) >= 3)).toBe(true), 20_000);
    const counts = PATHS.map((path) => times(seen, path));
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    const again = seen.filter(({ path }) => path === PATHS[0])[1];
    expect(again).toMatchObject({ ...refOf('/items/1'), reason: 'due', have: { fence: 2 }, configVersion: 1 });
  });

  it('starts from what the store holds, follows the list, and makes what a write changed due at once', async () => {
    await planned(['/items/1']);
    await keepEntry(store, '/items/1', { version: { fence: 1, send: 1 }, requestedAt: Date.now() + 60_000 });
    const seen: RefreshWork[] = [];
    answering(seen);
    await start();
    const writer = createResourceWriter(store);
    await writer.putResources([{ ...refOf('/items/2'), maxAgeMs: 60_000, weight: 1, tags: [], source: 'api' }]);
    await eventually(() => expect(seen.map(({ path }) => path)).toEqual(['/items/2']));
    const before = { fence: 1, send: 3 };
    const { urlHash } = refOf('/items/1');
    const mark = { upstream: UPSTREAM, path: '/items/1', urlHash, before };
    await corner.publisher.publishEvent('entry.invalidated', mark, { cause: 'test' });
    await eventually(() => expect(seen.map(({ path }) => path)).toEqual(['/items/2', '/items/1']));
  });

  it('reminds at once of what is known to be stale, whoever told it and when', async () => {
    const paths = ['/items/1', '/items/2', '/items/3'];
    await planned(paths, 60_000);
    const version = { fence: 1, send: 3 };
    for (const path of paths) await keepEntry(store, path, { version });
    const { path, urlHash } = refOf('/items/2');
    const marking = { upstream: UPSTREAM, urls: [{ path, urlHash }], before: version, markedAt: Date.now() };
    await createStaleMarkWriter(store).markStale(marking);
    const seen: RefreshWork[] = [];
    answering(seen);
    await start();
    await eventually(() => expect(seen.map((work) => [work.path, work.reason])).toEqual([[path, 'known-stale']]));
    const mark = { upstream: UPSTREAM, path: '/items/3', urlHash: refOf('/items/3').urlHash, before: version };
    await corner.publisher.publishEvent('entry.stale', mark, { cause: 'test' });
    await eventually(() =>
      expect(seen.slice(1).map((work) => [work.path, work.reason])).toEqual([['/items/3', 'known-stale']]),
    );
  });

  it('keeps to a handful while the upstream is paused, and goes on after', async () => {
    await planned(PATHS);
    told = stateOf({ state: 'paused', backgroundRate: 0, pausedUntil: Date.now() + 60_000 });
    const left: string[] = [];
    const messages: (RefreshWork | RefreshBatch)[] = [];
    corner.bus.nc.subscribe(corner.bus.subjects.all.refresh, {
      callback: (_, msg) => {
        const message = msg.json<RefreshWork | RefreshBatch>();
        messages.push(message);
        left.push(...remindersIn(message).map(({ path }) => path));
      },
    });
    await start();
    await eventually(() => expect(left).toHaveLength(4));
    told = stateOf({ state: 'ramping', backgroundRate: 100 });
    await eventually(() => expect([...left].sort()).toEqual([...PATHS].sort()));
    // What leaves in one tick leaves in one message, a tenth of a second's worth at most.
    const sizes = messages.map((message) => remindersIn(message).length);
    expect(messages.length).toBeLessThan(PATHS.length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(10);
  });

  it('goes on by itself when NATS comes back with an empty store', async () => {
    await planned(PATHS);
    const seen: RefreshWork[] = [];
    answering(seen);
    await start();
    await eventually(() => expect(seen.length).toBeGreaterThan(PATHS.length));
    await nats.restart({ emptyStore: true });
    const before = seen.length;
    await eventually(() => expect(seen.length).toBeGreaterThan(before + PATHS.length), 20_000);
  });

  it('lets one replica at a time remind, and another go on when that is killed', async () => {
    await planned(PATHS);
    const seen: RefreshWork[] = [];
    answering(seen);
    const { kill, running } = await start(2);
    const reminding = async (): Promise<string> => {
      const due = await Promise.all(running().map(async ({ name, url }) => ({ name, told: await metricsOf(url) })));
      const names = due.filter((one) => one.told.includes('penstock_due{')).map((one) => one.name);
      expect(names).toHaveLength(1);
      return names.join();
    };
    const first = await eventually(reminding);
    await eventually(() => expect(seen.length).toBeGreaterThan(PATHS.length));
    await kill(first);
    const before = seen.length;
    await eventually(() => expect(seen.length).toBeGreaterThan(before + 2 * PATHS.length), 20_000);
  });

  it('shares the upstreams among the replicas, each with one of them', async () => {
    const config = upstreamConfig('{}');
    const ids = Array.from({ length: 12 }, (_, i) => `crm-${i}`);
    await createUpstreamWriter(store).applyConfig(new Map(ids.map((id) => [id, { ...config, id }])));
    const { running } = await start(2);
    await eventually(async () => {
      const held = await Promise.all(running().map(async ({ url }) => upstreamsIn(await metricsOf(url))));
      expect(held.flat().sort()).toEqual([...ids].sort());
      expect(Math.min(...held.map((some) => some.length))).toBeGreaterThan(0);
    }, 25_000);
  });
});

/** Those that a replica reminds for. */
const upstreamsIn = (metrics: string): string[] =>
  [...metrics.matchAll(/^penstock_due\{.*upstream="([^"]+)".*\}/gm)].map(([, id = '']) => id);

/** A batch is all of its reminders: what they share and what is their own. */
function remindersIn(message: RefreshWork | RefreshBatch): RefreshWork[] {
  return isBatch(message) ? (singlesOf(message) as RefreshWork[]) : [message];
}

const metricsOf = async (url: string): Promise<string> => (await fetch(new URL('/metrics', url))).text();
