import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask } from '../e2e/asking.js';
import { configured, earlyArrivals, openRig, until, type Rig } from './rig.js';
import { postsGoneWrong, statusOf, Users, wasHit, type Ended } from './users.js';

const PLANNED = 300;
/** A client that hears that the bus is away is told so after a second, and a machine that is busy with tests is slow. */
const AT_ONCE_MS = 2_000;

let rig: Rig;
beforeAll(async () => {
  rig = await openRig({ name: 'nats away', config: configured(PLANNED, '5s'), own: ['nats'] });
  await until('all to be fetched once', 30_000, () => rig.unfetchedSince(PLANNED, 0));
});
afterAll(() => rig.stop());

async function outage(options: { emptyStore: boolean; forMs: number }): Promise<{ fromAt: number; untilAt: number }> {
  const fromAt = Date.now();
  await rig.nats.kill();
  await sleep(options.forMs);
  const untilAt = Date.now();
  await rig.nats.restart(options);
  return { fromAt, untilAt };
}

function untilServed(withinMs: number): Promise<number> {
  let item = 5_000;
  return until('a cold read to be answered', withinMs, async () => {
    const { status } = await ask(rig.stack.dataUrl, `/demo/items/${(item += 1)}`, { headers: { Prefer: 'wait=1' } });
    return status === 200;
  });
}

function expectToldAtOnce(misses: readonly Ended[]): void {
  expect(misses.length).toBeGreaterThan(3);
  for (const { told, beganAt, endedAt } of misses) {
    expect(told).toMatchObject({ kind: 'answered', status: 503 });
    expect(told).toMatchObject({ retryAfterMs: expect.any(Number) });
    expect(endedAt - beganAt).toBeLessThan(AT_ONCE_MS);
  }
}

test.each([
  ['with its store', { emptyStore: false, forMs: 5_000 }],
  ['with an empty store', { emptyStore: true, forMs: 4_000 }],
])(
  'NATS killed and started again %s: hits go on, misses are told at once, and all goes on without hands',
  async (_, how) => {
    await rig.judge.reset();
    const fence = await rig.fence();
    const users = new Users({ dataUrl: rig.stack.dataUrl, planned: PLANNED, coldPerSecond: 4 });
    await until('users to be served', 5_000, () => users.posts.length >= 4);
    const { fromAt, untilAt } = await outage(how);
    await untilServed(10_000);
    await until('all to be fetched', 12_000, () => rig.unfetchedSince(PLANNED, untilAt));
    await users.finish();
    expect(users.between(fromAt, untilAt, 'planned').length).toBeGreaterThan(40);
    expect(users.ended.filter((one) => one.what === 'planned' && !wasHit(one))).toEqual([]);
    expectToldAtOnce(users.between(fromAt + 500, untilAt - AT_ONCE_MS, 'cold'));
    expect(users.ended.filter((one) => ![200, 201, 503, 504].includes(statusOf(one)))).toEqual([]);
    expect(await rig.fence()).toBeGreaterThan(fence);
    expect(postsGoneWrong(users, await rig.judge.posts())).toEqual([]);
    expect(await rig.judge.score()).toMatchObject({ violations: 0, throttles: 0 });
  },
);

test('a pause outlives a NATS that comes back empty: the next holder reads it from PostgreSQL', async () => {
  await rig.judge.reset();
  await rig.judge.throttle(10_000, 'seconds');
  await until('a pause', 5_000, async () => (await rig.state()).state === 'paused');
  const { pausedUntil } = await rig.state();
  await outage({ emptyStore: true, forMs: 1_000 });
  await until('a holder', 9_000, async () => (await rig.state()).holder !== null);
  expect(await rig.state()).toMatchObject({ state: 'paused', pausedUntil });
  await until('calls', 15_000, async () => (await rig.judge.score()).probes > 0);
  await until('the flow', 5_000, async () => (await rig.state()).state === 'ramping');
  expect(await earlyArrivals(rig)).toEqual([]);
});
