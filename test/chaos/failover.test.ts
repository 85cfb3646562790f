import { afterAll, beforeAll, expect, test } from 'vitest';
import { BLOCK_MS } from '#core';
import { CONCURRENCY, FailoverStage, LIMIT, type Round } from '../bench/failover/rounds.js';
import { startNats, type RealServer } from '../support/real-servers.js';
import { freshDatabase, freshNamespace } from '../support/servers.js';

/** What stands between a death and the next call at the worst: a whole lease, and what a busy machine takes. */
const LONGEST_MS = 6_000;

let nats: RealServer;
let stage: FailoverStage;
beforeAll(async () => {
  nats = await startNats();
  stage = await FailoverStage.open({
    nats,
    postgresUrl: await freshDatabase('failover'),
    namespace: freshNamespace(),
  });
});
afterAll(async () => {
  await stage.close();
  await nats.stop();
});

function expectWithinTheLimits(round: Round): void {
  expect(round.firstCallMs).toBeLessThan(LONGEST_MS);
  expect(round.mostInFlight).toBeLessThanOrEqual(CONCURRENCY);
  expect(round).toMatchObject({ exceeded: false, violations: 0, lateSender: false });
}

test('kill -9 of the holder under load: the next one goes on in seconds, and the dead one’s calls still count', async () => {
  expectWithinTheLimits(await stage.round('kill -9'));
});

test('SIGSTOP of the holder under load: the next one goes on in seconds, and the one that wakes sends nothing', async () => {
  expectWithinTheLimits(await stage.round('SIGSTOP'));
});

test('NATS on an empty store: calls stop when the block that was reserved is over, and go on by themselves', async () => {
  const recovery = await stage.emptyNats();
  expect(recovery.nextCallMs).toBeGreaterThan(BLOCK_MS);
  expect(recovery.violations).toBe(0);
  expect(recovery.mostInWindow).toBeLessThanOrEqual(LIMIT + 1);
  expectWithinTheLimits(await stage.round('kill -9'));
});
