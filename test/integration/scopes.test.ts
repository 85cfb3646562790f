import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createScopeStore, type Bus, type LeaseHeld } from '#bus';
import { BLOCK_MS, createGateSet, Reservation, type GateSet, type SetPermit } from '#core';
import { systemClock } from '#runtime';
import { createScopeViewRepository, createScopeViewWriter, openStore, type Store } from '#store';
// eslint-disable-next-line house/rooms -- the one who writes the limits down is tested against real servers alone
import { ScopesService, type KeptScope } from '../../apps/dispatcher/src/scopes.service.js';
import { startNats, startPostgres, type RealServer } from '../support/real-servers.js';
import { TestBuses } from '../support/test-bus.js';

/** So few in so long are counted exactly. */
const LIMIT = 20;
const FEW = { limit: LIMIT, perMs: 60_000 };
const MANY = { limit: 1_000, perMs: 1_000 };
const CONCURRENCY = 16;
const LONGEST_CALL_MS = 5_000;

const silence = (): void => undefined;
const logger = { debug: silence, info: silence, warn: silence, error: silence };

let nats: RealServer;
let buses: TestBuses;
let bus: Bus;
let postgres: RealServer;
let store: Store;
beforeAll(async () => {
  [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  buses = new TestBuses({ url: nats.url, namespace: 'scopes' });
  bus = await buses.open();
  const options = { url: postgres.url, schema: 'scopes', applicationName: 'test', poolSize: 2, logger };
  store = await openStore(options);
}, 60_000);
afterAll(async () => {
  await buses.closeAll();
  await store.close();
  await Promise.all([nats.stop(), postgres.stop()]);
});

interface Holder {
  readonly gates: GateSet;
  readonly reservation: Reservation;
  readonly scopes: ScopesService;
  readonly permits: SetPermit[];
}

/** A lease as the keeper tells it: with the server's time of a write that has just been made. */
async function leaseOf(fence: number): Promise<LeaseHeld> {
  await bus.leases.put('upstream.any', '{}');
  const entry = await bus.leases.get('upstream.any');
  return { fence, storedAtMs: entry?.created.getTime() ?? NaN, heardAtMs: systemClock.now() };
}

async function holderOf(upstream: string, fence: number, window = FEW): Promise<Holder> {
  const scopes = new ScopesService({
    upstream,
    scopes: createScopeStore<KeptScope>(bus),
    reader: createScopeViewRepository(store),
    writer: createScopeViewWriter(store),
    clock: systemClock,
    logger: logger as never,
  });
  const onWanted = (): void => scopes.reserve();
  const reservation = new Reservation({ concurrency: CONCURRENCY, longestCallMs: LONGEST_CALL_MS, onWanted });
  const pause = { withoutHeader: { baseMs: 1_000, capMs: 60_000 }, maxMs: 3_600_000, probeAtMax: true };
  const limits = { windows: [window], concurrency: CONCURRENCY, reserveShare: 0 };
  const upstreamGate = { ...limits, backgroundFloor: 0, pause, spreadMs: 0, fence };
  const config = { upstream: upstreamGate, buckets: [], per: 'upstream', pauseScope: 'upstream' } as const;
  const gates = createGateSet(config, () => 0.5, reservation);
  await scopes.open({ lease: await leaseOf(fence), gates, reservation, onChanges: silence, onReserved: silence });
  return { gates, reservation, scopes, permits: [] };
}

const CALL = { bucket: undefined, partition: 'shared' } as const;

/** Sends so many, each within what is reserved, and leaves them open. */
async function send({ gates, permits }: Holder, count: number): Promise<void> {
  for (let sent = 0; sent < count;) {
    const scopes = gates.scopesOf(CALL);
    if (gates.admit(scopes, 'now', systemClock.now()).kind === 'wait') await sleep(2);
    else {
      const permit = gates.start(scopes, 'now', systemClock.now());
      gates.left(permit, systemClock.now());
      permits.push(permit);
      sent += 1;
    }
  }
}

function endAll({ gates, permits }: Holder): void {
  for (const permit of permits.splice(0)) gates.settle(permit, { kind: 'answered' }, systemClock.now());
}

/** It is gone: writes no more, and nobody hears of it. */
const die = ({ scopes }: Holder): void => scopes.stop();

const writes = async (): Promise<number> => (await bus.jsm.streams.info('KV_scopes_scopes')).state.last_seq;

it('after a death the next holder has what was told and what was reserved spent, its slots taken, and probes at once', async () => {
  const dead = await holderOf('died', 1);
  await send(dead, 3);
  die(dead);
  const next = await holderOf('died', 2);
  const nowMs = systemClock.now();
  expect(next.gates.worst(nowMs).kind).toBe('probing');
  expect(next.gates.upstream.tokens(nowMs)).toBeLessThanOrEqual(LIMIT - 3);
  expect(next.gates.upstream.tokens(nowMs)).toBeGreaterThan(0);
  const [[untilMs = 0, slots = 0] = []] = next.reservation.record(undefined, nowMs).owed;
  expect(slots).toBeGreaterThanOrEqual(3);
  expect(slots).toBeLessThan(CONCURRENCY);
  expect(untilMs).toBeGreaterThan(nowMs + LONGEST_CALL_MS - BLOCK_MS);
  expect(next.gates.admit(next.gates.scopesOf(CALL), 'now', nowMs)).toEqual({ kind: 'go', probe: true });
  await next.scopes.close(true);
});

it('a clean hand-over keeps the count, owes nothing and needs no probe', async () => {
  const before = await holderOf('handed', 1);
  await send(before, 6);
  endAll(before);
  await before.scopes.close(true);
  const next = await holderOf('handed', 2);
  const nowMs = systemClock.now();
  expect(next.gates.worst(nowMs).kind).toBe('flowing');
  expect(next.gates.upstream.tokens(nowMs)).toBe(LIMIT - 6);
  expect(next.reservation.record(undefined, nowMs).owed).toEqual([]);
  await next.scopes.close(true);
});

it('one that lost its lease and lives leaves its last words, and takes its slots back from what is owed', async () => {
  const before = await holderOf('lost', 1);
  await send(before, 6);
  const spoken = before.scopes.leaveLastWords(() => before.permits.length);
  endAll(before);
  await spoken;
  const next = await holderOf('lost', 2);
  const nowMs = systemClock.now();
  expect(next.gates.worst(nowMs).kind).toBe('probing');
  expect(next.gates.upstream.tokens(nowMs)).toBe(LIMIT - 6);
  expect(next.reservation.record(undefined, nowMs).owed).toEqual([]);
  await next.scopes.close(true);
});

it('its last words never stand over what a later holder wrote', async () => {
  const before = await holderOf('late', 1);
  const next = await holderOf('late', 2);
  await before.scopes.leaveLastWords(() => 0);
  expect((await createScopeStore<KeptScope>(bus).readScope('late'))?.value.fence).toBe(2);
  await next.scopes.close(true);
});

it('a steady flow costs about four writes a second and never waits, and an idle upstream none', async () => {
  const holder = await holderOf('steady', 1, MANY);
  const before = await writes();
  let waited = 0;
  for (let i = 0; i < 40; i += 1) {
    const scopes = holder.gates.scopesOf(CALL);
    if (holder.gates.admit(scopes, 'now', systemClock.now()).kind === 'wait') waited += 1;
    else holder.permits.push(holder.gates.start(scopes, 'now', systemClock.now()));
    endAll(holder);
    await sleep(50);
  }
  expect(waited).toBeLessThanOrEqual(2);
  expect((await writes()) - before).toBeLessThanOrEqual(12);
  await sleep(2 * BLOCK_MS);
  const idleFrom = await writes();
  await sleep(2 * BLOCK_MS);
  expect(await writes()).toBe(idleFrom);
  await holder.scopes.close(true);
});
