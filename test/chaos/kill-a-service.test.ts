import { afterAll, beforeAll, expect, test } from 'vitest';
import { configured, JUDGE, openRig, until, type Rig } from './rig.js';
import { postsGoneWrong, Users } from './users.js';

const PLANNED = 500;
const MAX_AGE_MS = 9_000;

let rig: Rig;
beforeAll(async () => {
  rig = await openRig({ name: 'kill', config: configured(PLANNED, '9s'), profile: JUDGE });
  await until('all to be fetched once', 30_000, () => rig.unfetchedSince(PLANNED, 0));
});
afterAll(() => rig.stop());

test.each(['dispatcher', 'refresher', 'scheduler', 'cache-api'])(
  'after kill -9 of the %s every resource is fetched within 2 maxAge, and each POST is seen once or its client knows',
  async (name) => {
    await rig.judge.reset();
    const users = new Users({ dataUrl: rig.stack.dataUrl, planned: PLANNED });
    await until('users to be served', 5_000, () => users.posts.length >= 4);
    const killedAt = Date.now();
    await rig.stack.kill(name);
    await until('all to be fetched', 2 * MAX_AGE_MS, () => rig.unfetchedSince(PLANNED, killedAt));
    await rig.stack.ready(name);
    await users.finish();
    expect(postsGoneWrong(users, await rig.judge.posts())).toEqual([]);
    expect(await rig.judge.score()).toMatchObject({ violations: 0, throttles: 0 });
    // Only the death of cache-api itself cuts a client off; any other is told of, or is not noticed.
    const untold = users.ended.filter(({ told }) => told.kind !== 'answered');
    if (name !== 'cache-api') expect(untold).toEqual([]);
    expect(users.ended.every(({ beganAt, endedAt }) => endedAt - beganAt < 12_000)).toBe(true);
  },
);
