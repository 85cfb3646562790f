import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  createLeaseKeeper,
  createScopeStore,
  joinMembers,
  rightfulHolder,
  watchLeases,
  watchMembers,
  type Bus,
  type LeaseEnd,
  type LeaseKeeper,
  type LeaseKeeperOptions,
} from '#bus';
import { LEASE_TTL_MS } from '#contracts';
import { systemClock } from '#runtime';
import { startNats, type RealServer } from '../support/real-servers.js';
import { natsVersions, TestBuses } from '../support/test-bus.js';

const versions = await natsVersions();

describe.each(versions)('leases on the %s server', (version) => {
  let server: RealServer;
  let buses: TestBuses;
  const keepers: LeaseKeeper[] = [];
  let keys = 0;

  beforeAll(async () => {
    server = await startNats({ version });
    buses = new TestBuses({ url: server.url, namespace: 'lease' });
  });
  afterEach(async () => {
    await Promise.all(keepers.splice(0).map((keeper) => keeper.release()));
    await buses.closeAll();
  });
  afterAll(() => server.stop());

  const freshKey = (): string => `upstream.u${(keys += 1)}`;
  let fences = 0;

  interface Rival {
    readonly bus: Bus;
    readonly keeper: LeaseKeeper;
    readonly held: number[];
    readonly ended: LeaseEnd[];
  }

  async function rival(key: string, holder: string, more: Partial<LeaseKeeperOptions> = {}): Promise<Rival> {
    const bus = more.bus ?? (await buses.open());
    const held: number[] = [];
    const ended: LeaseEnd[] = [];
    const keeper = createLeaseKeeper({
      bus,
      key,
      holder,
      clock: systemClock,
      nextFence: () => Promise.resolve((fences += 1)),
      onHeld: ({ fence }) => void held.push(fence),
      onEnded: (end) => void ended.push(end),
      ...more,
    });
    keepers.push(keeper);
    return { bus, keeper, held, ended };
  }

  const holdersOf = (rivals: readonly Rival[]): Rival[] => rivals.filter(({ keeper }) => keeper.valid());

  async function untilOneHolds(rivals: readonly Rival[], timeoutMs = 8_000): Promise<Rival> {
    await vi.waitFor(() => expect(holdersOf(rivals)).toHaveLength(1), { timeout: timeoutMs, interval: 10 });
    return holdersOf(rivals)[0]!;
  }

  it('are given up when what should follow from holding fails, and taken again a little later', async () => {
    let tries = 0;
    const held: number[] = [];
    const onHeld = ({ fence }: { fence: number }): void => {
      tries += 1;
      if (tries === 1) throw new Error('the store is away');
      held.push(fence);
    };
    const { ended } = await rival(freshKey(), 'a', { onHeld });
    await vi.waitFor(() => expect(held).toHaveLength(1), { timeout: 10_000, interval: 20 });
    expect(ended).toEqual(['not-taken-up']);
  });

  it('are held by exactly one of three keepers', async () => {
    const key = freshKey();
    const rivals = await Promise.all(['a', 'b', 'c'].map((holder) => rival(key, holder)));
    const holder = await untilOneHolds(rivals);
    const renewed = (await holder.bus.leases.get(key))!.revision;
    await vi.waitFor(async () => expect((await holder.bus.leases.get(key))!.revision).toBeGreaterThan(renewed + 1), {
      timeout: 5_000,
    });
    expect(rivals.flatMap(({ held }) => held)).toHaveLength(1);
    expect(holder.keeper.fence()).toBe(holder.held[0]);
  });

  it('are taken over within the ttl after a death, with a higher fence, and never valid at two at once', async () => {
    const key = freshKey();
    const rivals = await Promise.all(['a', 'b', 'c'].map((holder) => rival(key, holder)));
    const dead = await untilOneHolds(rivals);
    const survivors = rivals.filter((other) => other !== dead);
    const deadFence = dead.held[0]!;
    const diedAtMs = performance.now();
    await dead.bus.nc.close();
    let mostAtOnce = 0;
    const watching = setInterval(() => (mostAtOnce = Math.max(mostAtOnce, holdersOf(rivals).length)), 2);
    const next = await untilOneHolds(survivors);
    clearInterval(watching);
    expect(mostAtOnce).toBe(1);
    expect(performance.now() - diedAtMs).toBeLessThan(LEASE_TTL_MS + 800);
    expect(next.held[0]).toBeGreaterThan(deadFence);
    await vi.waitFor(() => expect(dead.ended).toEqual(['expired']), { timeout: 2_000 });
  });

  it('are taken as soon as a rival has been silent for the ttl by our own clock, before the server drops the key', async () => {
    // Once somebody holds a lease here, the bucket is no longer new to anyone.
    await untilOneHolds([await rival(freshKey(), 'a')]);
    const key = freshKey();
    const writer = await buses.open();
    await writer.leases.put(key, JSON.stringify({ holder: 'a', session: 'another', fence: 1, at: '' }));
    const writtenAtMs = performance.now();
    let aheadMs = 0;
    const clock = { now: () => systemClock.now() + aheadMs };
    const reads = vi.spyOn(writer.leases, 'get');
    const standBy = await rival(key, 'b', { clock, bus: writer });
    await vi.waitFor(() => expect(reads.mock.calls.length).toBeGreaterThan(1), { timeout: 2_000, interval: 5 });
    expect(standBy.keeper.state().kind).toBe('standing-by');
    aheadMs = LEASE_TTL_MS;
    await vi.waitFor(() => expect(standBy.keeper.state().kind).toBe('settling'), { timeout: 2_000, interval: 1 });
    expect(performance.now() - writtenAtMs).toBeLessThan(LEASE_TTL_MS);
  });

  it('go to a stand-by at once when they are released, after what the holder had to write', async () => {
    const key = freshKey();
    const order: string[] = [];
    const first = await rival(key, 'a', {
      onEnded: async (end) => {
        expect(first.keeper.valid()).toBe(false);
        await first.bus.nc.flush();
        order.push(end);
      },
    });
    await untilOneHolds([first]);
    const second = await rival(key, 'b', { onHeld: () => void order.push('held by b') });
    const releasedAtMs = performance.now();
    await first.keeper.release();
    await untilOneHolds([second]);
    expect(performance.now() - releasedAtMs).toBeLessThan(1_000);
    expect(order).toEqual(['released', 'held by b']);
    expect(first.keeper.state()).toEqual({ kind: 'released' });
  });

  it('are not valid to a holder that was stalled, before it does anything else', async () => {
    let stalledMs = 0;
    const clock = { now: () => systemClock.now() + stalledMs };
    const holder = await rival(freshKey(), 'a', { clock });
    await untilOneHolds([holder]);
    stalledMs = 2_500;
    expect(holder.keeper.valid()).toBe(false);
    expect(holder.keeper.fence()).toBeNull();
    await vi.waitFor(() => expect(holder.ended).toEqual(['expired']), { timeout: 3_000 });
  });

  it('are given back when no fence is found', async () => {
    const key = freshKey();
    const nextFence = vi.fn(() => Promise.reject(new Error('no database')));
    const poor = await rival(key, 'a', { nextFence });
    await vi.waitFor(() => expect(nextFence).toHaveBeenCalled(), { timeout: 8_000 });
    const rich = await rival(key, 'b');
    expect(await untilOneHolds([poor, rich], 2_000)).toBe(rich);
    expect(poor.held).toEqual([]);
  });

  it('are handed over to the member who should hold them', async () => {
    const key = freshKey();
    const rightful = rightfulHolder(key, ['a', 'b'])!;
    const other = rightful === 'a' ? 'b' : 'a';
    const steadyMembers = (): string[] => ['a', 'b'];
    const wrong = await rival(key, other, { steadyMembers });
    await untilOneHolds([wrong]);
    const right = await rival(key, rightful, { steadyMembers });
    await vi.waitFor(() => expect(right.keeper.valid()).toBe(true), { timeout: 8_000 });
    expect(wrong.ended).toEqual(['handed-over']);
    expect(right.held[0]).toBeGreaterThan(wrong.held[0]!);
  });

  it('are seen with their fence, and seen to be gone, by those who ask', async () => {
    const key = freshKey();
    const holder = await rival(key, 'a');
    await untilOneHolds([holder]);
    const upstream = key.slice('upstream.'.length);
    const watch = watchLeases({ bus: await buses.open(), clock: systemClock });
    expect(await watch.findHolder(upstream)).toMatchObject({ holder: 'a', fence: holder.held[0] });
    await holder.bus.nc.close();
    await vi.waitFor(() => expect(watch.holderOf(upstream)).toBeNull(), { timeout: 5_000 });
    watch.close();
  });

  it('have one holder again, with a higher fence, after the server came back with an empty store', async () => {
    const key = freshKey();
    const rivals = await Promise.all(['a', 'b', 'c'].map((holder) => rival(key, holder)));
    const before = (await untilOneHolds(rivals)).held[0]!;
    await server.restart({ emptyStore: true });
    const backAtMs = performance.now();
    await vi.waitFor(() => expect(holdersOf(rivals)).toHaveLength(0), { timeout: 4_000 });
    const after = await untilOneHolds(rivals, 15_000);
    // Whoever held by its own clock has by then stopped.
    expect(performance.now() - backAtMs).toBeGreaterThan(LEASE_TTL_MS - 500);
    expect(after.held.at(-1)).toBeGreaterThan(before);
    expect(rivals.flatMap(({ held }) => held)).toHaveLength(2);
  });
});

describe.each(versions)('members and scopes on the %s server', (version) => {
  let server: RealServer;
  let buses: TestBuses;

  beforeAll(async () => {
    server = await startNats({ version });
    buses = new TestBuses({ url: server.url, namespace: 'members' });
  });
  afterEach(() => buses.closeAll());
  afterAll(() => server.stop());

  const join = async (id: string): ReturnType<typeof joinMembers> =>
    joinMembers({ bus: await buses.open(), app: 'cache-api', id, clock: systemClock });

  it('a member is seen at once, and seen to go at once when it leaves', async () => {
    const one = await join('one');
    const list = watchMembers({ bus: await buses.open(), app: 'cache-api', clock: systemClock });
    await list.ready;
    expect(list.list()).toEqual(['one']);
    const two = await join('two');
    await vi.waitFor(() => expect(list.list()).toEqual(['one', 'two']), { timeout: 500 });
    expect(list.steady()).toBeNull();
    await two.leave();
    await vi.waitFor(() => expect(list.list()).toEqual(['one']), { timeout: 500 });
    await one.leave();
    list.close();
  });

  it('a member that cannot renew knows it before the others drop it', async () => {
    const bus = await buses.open();
    const member = await joinMembers({ bus, app: 'cache-api', id: 'lonely', clock: systemClock });
    const list = watchMembers({ bus: await buses.open(), app: 'cache-api', clock: systemClock });
    await list.ready;
    await bus.nc.close();
    await vi.waitFor(() => expect(member.isCurrent(2_500)).toBe(false), { timeout: 4_000, interval: 5 });
    expect(list.has('lonely')).toBe(true);
    await vi.waitFor(() => expect(list.has('lonely')).toBe(false), { timeout: 2_000 });
    await member.leave();
    list.close();
  });

  it('nobody is dropped only because the server was away', async () => {
    const member = await joinMembers({ bus: await buses.open(), app: 'refresher', id: 'steady', clock: systemClock });
    const list = watchMembers({ bus: await buses.open(), app: 'refresher', clock: systemClock });
    await list.ready;
    const changes = vi.fn();
    list.onChanged(changes);
    await server.halt();
    await vi.waitFor(() => expect(member.isCurrent(4_000)).toBe(false), { timeout: 6_000 });
    await server.restart();
    await vi.waitFor(() => expect(member.isCurrent(1_000)).toBe(true), { timeout: 6_000 });
    expect(changes).not.toHaveBeenCalled();
    expect(list.list()).toEqual(['steady']);
    await member.leave();
    list.close();
  });

  it('a scope that several write at once loses no write', async () => {
    const stores = await Promise.all([1, 2, 3].map(async () => createScopeStore<{ n: number }>(await buses.open())));
    await Promise.all(
      stores.map(async (store) => {
        for (let i = 0; i < 10; i += 1) await store.casScope('counted', (current) => ({ n: (current?.n ?? 0) + 1 }));
      }),
    );
    expect((await stores[0]!.readScope('counted'))?.value).toEqual({ n: 30 });
  });

  it('a scope is not written when there is nothing to change', async () => {
    const store = createScopeStore<{ n: number }>(await buses.open());
    await store.casScope('same', () => ({ n: 1 }));
    const before = await store.readScope('same');
    await store.casScope('same', (current) => current!);
    expect(await store.readScope('same')).toEqual(before);
  });

  it("a watch of an upstream's scopes tells what is there, and each change by another", async () => {
    const writer = createScopeStore<{ n: number }>(await buses.open());
    await writer.casScope('seen.search', () => ({ n: 1 }));
    await writer.casScope('seenother', () => ({ n: 1 }));
    const told: unknown[] = [];
    const store = createScopeStore<{ n: number }>(await buses.open());
    const watch = store.watchScopes('seen', (scope, found) => told.push([scope, found?.value.n]));
    await watch.ready;
    expect(told).toEqual([['seen.search', 1]]);
    await writer.casScope('seen', () => ({ n: 7 }));
    await vi.waitFor(() => expect(told.at(-1)).toEqual(['seen', 7]), { timeout: 500 });
    watch.close();
  });

  it('fences only rise', async () => {
    const store = createScopeStore(await buses.open());
    expect(await store.highestFence('u')).toBe(0);
    expect(await store.raiseFence('u', 5)).toBe(5);
    expect(await store.raiseFence('u', 3)).toBe(5);
    expect(await store.highestFence('u')).toBe(5);
  });
});
