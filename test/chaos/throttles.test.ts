import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configured, earlyArrivals, mostWithin, openRig, pausesOf, until, type Rig } from './rig.js';
import { errorsOf, postsGoneWrong, statusOf, Users } from './users.js';

const PLANNED = 300;
/** What a ramp lets through at its beginning, of the 120 that are configured, and what jitter may add within half a second. */
const RAMP_IN_HALF_A_SECOND = 60;

let rig: Rig;
beforeAll(async () => {
  rig = await openRig({ name: 'throttles', config: configured(PLANNED, '5s') });
  await until('all to be fetched once', 30_000, () => rig.unfetchedSince(PLANNED, 0));
});
afterAll(() => rig.stop());

test('a storm of throttles, in seconds and as dates: nothing leaves in a pause, one probe ends it, and no burst follows', async () => {
  await rig.judge.reset();
  const users = new Users({ dataUrl: rig.stack.dataUrl, planned: PLANNED, readsPerSecond: 50, coldPerSecond: 25 });
  const forms = ['seconds', 'date', 'seconds'] as const;
  for (const [i, form] of forms.entries()) {
    await rig.judge.throttle(3_000, form);
    await until('a pause', 8_000, async () => (await pausesOf(rig)).length > i);
    await until('its probe', 10_000, async () => ((await pausesOf(rig))[i]?.probeMs ?? null) !== null);
    await sleep(1_500);
  }
  await users.finish();
  expect(await earlyArrivals(rig)).toEqual([]);
  expect(postsGoneWrong(users, await rig.judge.posts())).toEqual([]);
  // A POST that was itself refused by the throttle goes back to its client as it came; nobody else hears of a 429.
  expect(users.ended.filter((one) => one.what !== 'post' && statusOf(one) === 429)).toEqual([]);
  await expectOneProbeAndNoBurst();
});

async function expectOneProbeAndNoBurst(): Promise<void> {
  const arrivals = await rig.judge.arrivals();
  for (const { probeMs } of await pausesOf(rig)) {
    if (probeMs === null) continue;
    const probe = arrivals.findIndex(({ atMs }) => Math.abs(atMs - probeMs) < 1);
    const after = arrivals.slice(probe + 1).filter(({ atMs }) => atMs < probeMs + 1_500);
    // It took at least the upstream's quickest answer until the next could know that it may leave.
    expect((after[0]?.atMs ?? Infinity) - probeMs).toBeGreaterThan(5);
    expect(
      mostWithin(
        500,
        after.map(({ atMs }) => atMs),
      ),
    ).toBeLessThanOrEqual(RAMP_IN_HALF_A_SECOND);
  }
}

test('kill -9 of the dispatcher in a pause: the next one keeps to it', async () => {
  await until('the flow', 20_000, async () => (await rig.state()).state === 'flowing');
  await rig.judge.reset();
  const users = new Users({ dataUrl: rig.stack.dataUrl, planned: PLANNED });
  await rig.judge.throttle(9_000, 'seconds');
  await until('a pause', 5_000, async () => (await rig.state()).state === 'paused');
  const { pausedUntil, holder } = await rig.state();
  await rig.stack.kill('dispatcher');
  await until('another holder', 8_000, async () => {
    const now = await rig.state();
    return now.holder !== null && now.holder !== holder;
  });
  const after = await rig.state();
  expect(after.state).toBe('paused');
  // Read on the server's clock, which learned of it a little after the first holder: later by that much, and never earlier.
  const laterMs = Date.parse(after.pausedUntil ?? '') - Date.parse(pausedUntil ?? '');
  expect(laterMs).toBeGreaterThanOrEqual(0);
  expect(laterMs).toBeLessThan(500);
  await until('the probe', 12_000, async () => (await rig.judge.score()).probes > 0);
  await users.finish();
  expect(await earlyArrivals(rig)).toEqual([]);
  expect(postsGoneWrong(users, await rig.judge.posts())).toEqual([]);
  expect(errorsOf(users.ended.filter(({ what }) => what === 'planned'))).toEqual({});
});
