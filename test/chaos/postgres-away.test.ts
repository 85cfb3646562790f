import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, cacheStatusOf } from '../e2e/asking.js';
import { configured, openRig, until, type Rig } from './rig.js';
import { errorsOf, postsGoneWrong, Users, wasHit } from './users.js';

const PLANNED = 300;
const AWAY_MS = 8_000;
const COLD = '/demo/items/5001';

let rig: Rig;
beforeAll(async () => {
  rig = await openRig({ name: 'postgres away', config: configured(PLANNED, '5s'), own: ['postgres'] });
  await until('all to be fetched once', 30_000, () => rig.unfetchedSince(PLANNED, 0));
});
afterAll(() => rig.stop());

async function residentBytes(): Promise<number> {
  const { url } = rig.stack.running().find(({ name }) => name === 'dispatcher') ?? { url: '' };
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec((await ask(url, '/metrics')).text)?.[1]);
}

/** What a reader of the store is shown of one path. */
async function storedRows(path: string): Promise<number> {
  return (await rig.query(`select 1 from entry where path = '${path}'`)).length;
}

test('PostgreSQL stopped for 8 s: hits and misses are answered, refreshes go on, and what was fetched is written after', async () => {
  const users = new Users({ dataUrl: rig.stack.dataUrl, planned: PLANNED, coldPerSecond: 3 });
  // Each is in memory once it was read here.
  for (let item = 1; item <= PLANNED; item += 1) await ask(rig.stack.dataUrl, `/demo/items/${item}`);
  const bytesBefore = await residentBytes();
  const fromAt = Date.now();
  await rig.postgres.halt();
  const awayAt = Date.now();
  const cold = await ask(rig.stack.dataUrl, COLD);
  expect([cold.status, cacheStatusOf(cold)]).toEqual([200, 'fwd=uri-miss; fwd-status=200; stored']);
  expect(cacheStatusOf(await ask(rig.stack.dataUrl, COLD))).toMatch(/^hit; /);
  await sleep(Math.max(0, awayAt + AWAY_MS - Date.now()));
  const bytesAfter = await residentBytes();
  const refreshed = PLANNED - (await rig.unfetchedSince(PLANNED, awayAt + 1_000));
  const backAt = Date.now();
  await rig.postgres.restart();
  await until('what was fetched meanwhile to be written', 10_000, async () => (await storedRows('/items/5001')) === 1);
  const roundMs = await until('all to be fetched', 12_000, () => rig.unfetchedSince(PLANNED, backAt));
  await users.finish();
  const told = JSON.stringify(errorsOf(users.ended));
  process.stderr.write(
    `refreshed meanwhile ${refreshed}, ${(bytesAfter - bytesBefore) >> 20} MiB, round ${roundMs} ms ${told}\n`,
  );
  expect(refreshed).toBeGreaterThan(PLANNED / 2);
  expect(bytesAfter - bytesBefore).toBeLessThan(100 * 1024 * 1024);
  expect(users.between(awayAt, backAt, 'planned').filter((one) => !wasHit(one))).toEqual([]);
  expect(errorsOf(users.between(fromAt, Infinity))).toEqual({});
  expect(postsGoneWrong(users, await rig.judge.posts())).toEqual([]);
  expect(await rig.judge.score()).toMatchObject({ violations: 0, throttles: 0 });
});
