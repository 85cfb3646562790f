import { execFileSync } from 'node:child_process';
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

function residentBytes(): number {
  const kibibytes = execFileSync('ps', ['-o', 'rss=', '-p', String(rig.stack.pid('dispatcher'))], { encoding: 'utf8' });
  return Number(kibibytes) * 1024;
}

/** What a reader of the store is shown of one path. */
async function storedRows(path: string): Promise<number> {
  return (await rig.query(`select 1 from entry where path = '${path}'`)).length;
}

test('PostgreSQL stopped for 8 s: hits and misses are answered, what was fetched is written after, and refreshes go on without hands', async () => {
  const users = new Users({ dataUrl: rig.stack.dataUrl, planned: PLANNED, coldPerSecond: 3 });
  // Each is in memory once it was read here.
  for (let item = 1; item <= PLANNED; item += 1) await ask(rig.stack.dataUrl, `/demo/items/${item}`);
  const bytesBefore = residentBytes();
  const fromAt = Date.now();
  await rig.postgres.halt();
  const awayAt = Date.now();
  const cold = await ask(rig.stack.dataUrl, COLD);
  expect([cold.status, cacheStatusOf(cold)]).toEqual([200, 'fwd=uri-miss; fwd-status=200; stored']);
  expect(cacheStatusOf(await ask(rig.stack.dataUrl, COLD))).toMatch(/^hit; /);
  await sleep(Math.max(0, awayAt + AWAY_MS - Date.now()));
  const bytesAfter = residentBytes();
  const backAt = Date.now();
  await rig.postgres.restart();
  await until('what was fetched meanwhile to be written', 10_000, async () => (await storedRows('/items/5001')) === 1);
  await until('all to be fetched', 12_000, () => rig.unfetchedSince(PLANNED, backAt));
  await users.finish();
  expect(bytesAfter - bytesBefore).toBeLessThan(100 * 1024 * 1024);
  expect(users.between(awayAt, backAt, 'planned').filter((one) => !wasHit(one))).toEqual([]);
  expect(errorsOf(users.between(fromAt, Infinity))).toEqual({});
  expect(postsGoneWrong(users, await rig.judge.posts())).toEqual([]);
  expect(await rig.judge.score()).toMatchObject({ violations: 0, throttles: 0 });
});
