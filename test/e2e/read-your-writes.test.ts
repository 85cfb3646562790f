import fc from 'fast-check';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { inherited } from '../../apps/stack/src/config.js';
import { withClient } from '../../apps/stack/src/postgres.js';
import { ask } from './asking.js';
import { startCountingUpstream, type CountingUpstream } from './counting-upstream.js';
import { openStack, type OpenStack } from './open-stack.js';
import { fieldOf, histories, lookAfterwards, play, RESOURCES, type Field } from './write-histories.js';

/** More of both by the environment: PENSTOCK_TEST_SECONDS for each property, and PENSTOCK_TEST_SEED to see one again. */
const SECONDS = Number(inherited['PENSTOCK_TEST_SECONDS'] ?? 9);
const seed = inherited['PENSTOCK_TEST_SEED'];
function runs<T>(): fc.Parameters<T> {
  return {
    numRuns: 1_000,
    // A history is not the same twice: a smaller one may hold for another reason.
    endOnFailure: true,
    ...(seed !== undefined && { seed: Number(seed) }),
  };
}

/** As many as there is time for, each to its end. */
function whileThereIsTime<Args extends unknown[]>(
  act: (...args: Args) => Promise<void>,
): (...args: Args) => Promise<void> {
  const untilMs = performance.now() + SECONDS * 1_000;
  return async (...args) => {
    if (performance.now() < untilMs) await act(...args);
  };
}

const TIMEOUT_MS = SECONDS * 1_000 + 40_000;

/** All that is planned falls due all the time: a refresh is always under way. */
const config = (url: string): string => `
upstreams:
  counted:
    baseUrl: ${url}
    credentials: { header: Authorization, value: "\${WHO}" }
    limits: { windows: [{ limit: 2000, per: 1s }], concurrency: 64 }
    timeouts: { wait: 4s }
    refresh: { maxAge: 100ms }
`;

let own: CountingUpstream;
let stack: OpenStack;
beforeAll(async () => {
  own = await startCountingUpstream();
  stack = await openStack('read your writes', {
    config: config(own.url),
    demo: false,
    replicas: { 'cache-api': 2, dispatcher: 2 },
    env: { WHO: 'nobody' },
    envOf: (name) => ({ WHO: name }),
  });
  await vi.waitFor(async () => expect((await ask(stack.dataUrl, '/counted/first')).status).toBe(200), 20_000);
});
afterAll(async () => {
  await stack.stop();
  await own.close();
});

let played = 0;

/** Resources of the history's own, planned while it lasts. */
async function withResources(mayFail: boolean, act: (field: Field) => Promise<void>): Promise<void> {
  const prefix = `/history-${(played += 1)}`;
  const paths = Array.from({ length: RESOURCES }, (_, n) => `${prefix}/${n}`);
  const lines = paths.map((path) => JSON.stringify({ path })).join('\n');
  const headers = { 'Content-Type': 'application/x-ndjson' };
  const added = await ask(stack.adminUrl, RESOURCES_OF, { method: 'POST', headers, body: lines });
  expect(added.status, added.text).toBe(200);
  await act(
    fieldOf(
      stack.dataUrls,
      paths.map((path) => `/counted${path}`),
      mayFail,
    ),
  );
  await ask(stack.adminUrl, `${RESOURCES_OF}?prefix=${prefix}`, { method: 'DELETE' });
}

const RESOURCES_OF = '/v1/upstreams/counted/resources';

test(
  'whatever reads, refreshes and writes meet on two replicas, nobody is shown what is older than a write that was answered',
  async () => {
    const before = own.overtakenReads();
    const property = fc.asyncProperty(
      histories({ steps: 12, longestThoughtMs: 20 }),
      whileThereIsTime((history) =>
        withResources(false, async (field) => {
          own.pace(history.pace);
          expect(await play(history, field)).toEqual([]);
          expect(await lookAfterwards(field)).toEqual([]);
          expect(await storedBelow(field)).toEqual([]);
        }),
      ),
    );
    await fc.assert(property, runs());
    // Else there was nothing that could have been stored as fresh after a write.
    expect(own.overtakenReads() - before).toBeGreaterThan(3);
  },
  TIMEOUT_MS,
);

const HURTS = ['kill the holder', 'stop the holder', 'stop a replica'] as const;

test(
  'nor when the holder is killed, or a process stands still for longer than its lease or membership lasts',
  async () => {
    const hurt = fc.record({ deed: fc.constantFrom(...HURTS), afterMs: fc.nat(500), standsMs: fc.nat(1_500) });
    const property = fc.asyncProperty(
      histories({ steps: 30, longestThoughtMs: 300 }),
      hurt,
      whileThereIsTime((history, of) =>
        withResources(true, async (field) => {
          own.pace(history.pace);
          const [faults] = await Promise.all([play(history, field), hurtOnce(of)]);
          expect(faults).toEqual([]);
          expect(await lookAfterwards(field)).toEqual([]);
          expect(await storedBelow(field)).toEqual([]);
        }),
      ),
    );
    await fc.assert(property, runs());
  },
  TIMEOUT_MS,
);

/** Longer than a lease and a membership last. */
const STANDS_AT_LEAST_MS = 3_500;

async function hurtOnce(of: { deed: (typeof HURTS)[number]; afterMs: number; standsMs: number }): Promise<void> {
  await sleep(of.afterMs);
  const name = of.deed === 'stop a replica' ? 'cache-api-2' : own.lastCaller();
  if (of.deed === 'kill the holder') {
    await stack.kill(name);
    return stack.ready(name);
  }
  const pid = stack.pid(name);
  if (pid === undefined) throw new Error(`expected ${name} to run`);
  process.kill(pid, 'SIGSTOP');
  await sleep(STANDS_AT_LEAST_MS + of.standsMs);
  process.kill(pid, 'SIGCONT');
}

/** Entries that count as valid, and are older than a write that was answered. */
async function storedBelow({ targets, floors }: Field): Promise<string[]> {
  const paths = targets.map((target) => target.slice('/counted'.length));
  const rows = await withClient(stack.postgresUrl, async (client) => {
    await client.query(`set search_path to ${client.escapeIdentifier(stack.namespace)}`);
    const found = await client.query<{ path: string; body: string }>(VALID_ENTRIES, [paths]);
    return found.rows;
  });
  return rows.flatMap(({ path, body }) => {
    const { value } = JSON.parse(body) as { value: number };
    const floor = floors[paths.indexOf(path)]?.value ?? 0;
    return value < floor ? [`${path} is stored as ${value} after ${floor} was written`] : [];
  });
}

const VALID_ENTRIES = `select e.path, convert_from(b.bytes, 'utf8') as body
  from entry e join body b on b.hash = e.body_hash left join invalid v on v.url_hash = e.url_hash
  where e.path = any($1) and (v.url_hash is null or (e.fence, e.send) > (v.fence, v.send))`;
