import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask } from '../e2e/asking.js';
import { configured, mostWithin, openRig, until, type Rig } from './rig.js';

const PLANNED = 500;
const LOWERED = 20;

let rig: Rig;
beforeAll(async () => {
  rig = await openRig({ name: 'configuration', config: configured(PLANNED, '5s') });
  await until('the flow', 30_000, async () => (await rig.unfetchedSince(PLANNED, 0)) < PLANNED / 2);
});
afterAll(() => rig.stop());

function pids(): Record<string, number | undefined> {
  const others = rig.stack.running().filter(({ app }) => app !== 'cache-api');
  return Object.fromEntries(others.map(({ name, pid }) => [name, pid]));
}

async function limits(): Promise<unknown> {
  const page = (await ask(rig.stack.adminUrl, '/v1/upstreams/demo')).json<{ limits: { configured: unknown } }>();
  return page.limits.configured;
}

test('a window that was lowered in the file binds the dispatcher as soon as cache-api has started again', async () => {
  const before = pids();
  writeFileSync(rig.stack.configFile, configured(PLANNED, '5s').replace('limit: 120', `limit: ${LOWERED}`));
  await rig.stack.restart('cache-api');
  expect(await limits()).toEqual([{ limit: LOWERED, perMs: 1_000 }]);
  await until('a holder', 5_000, async () => (await rig.state()).holder !== null);
  // The dispatcher is told at once; what had left before is through after a second.
  await sleep(1_500);
  await rig.judge.reset();
  await sleep(3_000);
  const times = (await rig.judge.arrivals()).map(({ atMs }) => atMs);
  expect(times.length).toBeGreaterThan(LOWERED);
  expect(mostWithin(850, times)).toBeLessThanOrEqual(LOWERED);
  expect(pids()).toEqual(before);
});

test('a malformed file: cache-api says what is wrong and does not start, the others go on, and the file put right is enough', async () => {
  const before = pids();
  writeFileSync(rig.stack.configFile, configured(PLANNED, '5s').replace('maxAge: 5s', 'maxAge: soon'));
  await rig.stack.halt('cache-api');
  const up = rig.stack.start('cache-api');
  await until('its last words', 15_000, () => rig.stack.logs('cache-api').some((line) => isFault(line)));
  const { arrivals } = await rig.judge.score();
  await until('calls to go on', 3_000, async () => (await rig.judge.score()).arrivals > arrivals + LOWERED);
  expect(pids()).toEqual(before);
  writeFileSync(rig.stack.configFile, configured(PLANNED, '5s'));
  await up;
  expect(await limits()).toEqual([{ limit: 120, perMs: 1_000 }]);
  expect((await ask(rig.stack.dataUrl, '/demo/items/1')).status).toBe(200);
});

/** The path, what was expected, what was found. */
function isFault(line: string): boolean {
  return /upstreams\.demo\.refresh\.maxAge/.test(line) && /expected/.test(line) && /soon/.test(line);
}
