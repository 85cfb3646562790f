import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { withClient } from '../../apps/stack/src/postgres.js';
import { isAlive } from '../../apps/stack/src/process-table.js';
import { natsGreeting } from '../../apps/stack/src/ready.js';
import {
  availableNatsServers,
  freshDatabase,
  freshNamespace,
  startNats,
  startPostgres,
  testServers,
} from './servers.js';
import { startStack } from './stack.js';

const standIn = fileURLToPath(new URL('../../apps/stack/src/fixtures/stand-in.mjs', import.meta.url));
const one = async (url: string): Promise<unknown> =>
  withClient(
    url,
    async (client) => (await client.query<{ current_database: string }>('select current_database()')).rows[0],
  );

test('the run has a server of each kind, and a test a corner of its own', async () => {
  expect(await natsGreeting(testServers().natsUrl)).toMatchObject({ jetstream: true });
  const url = await freshDatabase('support');
  expect(await one(url)).toEqual({ current_database: new URL(url).pathname.slice(1) });
  expect(freshNamespace()).not.toBe(freshNamespace());
});

test('both the oldest and the newest nats-server that can be had are started by their version', async () => {
  const versions = (await availableNatsServers()).map(({ version }) => version);
  for (const [which, version] of [
    ['oldest', versions[0]],
    ['newest', versions.at(-1)],
  ] as const) {
    const nats = await startNats({ version: which });
    onTestFinished(() => nats.stop());
    expect(await natsGreeting(nats.url)).toEqual({ version, jetstream: true });
  }
});

test('a killed server stays down until it is restarted, on its port', async () => {
  const nats = await startNats();
  onTestFinished(() => nats.stop());
  const pid = nats.pid ?? 0;
  await nats.kill();
  expect(isAlive(pid)).toBe(false);
  expect(await natsGreeting(nats.url)).toBeUndefined();
  await nats.restart({ emptyStore: true });
  expect(await natsGreeting(nats.url)).toMatchObject({ jetstream: true });
});

test('PostgreSQL keeps its data over a kill, and loses it when told to', async () => {
  const postgres = await startPostgres();
  onTestFinished(() => postgres.stop());
  const ask = (sql: string): Promise<unknown> => withClient(postgres.url, (client) => client.query(sql));
  await ask('create table kept ()');
  await postgres.kill();
  await postgres.restart();
  await ask('select * from kept');
  await postgres.restart({ emptyStore: true });
  await expect(ask('select * from kept')).rejects.toThrow('does not exist');
});

test('a stack of services is killed, halted and restarted one by one, and leaves nothing', async () => {
  const stack = await startStack({
    config: 'upstreams: {}\n',
    ...testServers(),
    replicas: { dispatcher: 2, scheduler: 0 },
    env: { CRM_TOKEN: 'x' },
    entryOf: () => standIn,
  });
  onTestFinished(() => stack.stop());
  expect(stack.running().map(({ name }) => name)).toEqual([
    'demo-upstream',
    'dispatcher',
    'dispatcher-2',
    'refresher',
    'cache-api',
  ]);
  const told = (await (await fetch(stack.adminUrl)).json()) as { env: Record<string, string> };
  expect(told.env).toMatchObject({
    CRM_TOKEN: 'x',
    PENSTOCK_CONFIG: stack.configFile,
    PENSTOCK_DEMO_PORT: new URL(stack.demoUrl).port,
  });

  const before = stack.pid('dispatcher-2');
  await stack.kill('dispatcher-2');
  await stack.ready('dispatcher-2');
  expect(stack.pid('dispatcher-2')).not.toBe(before);
  await stack.halt('refresher');
  expect(stack.pid('refresher')).toBeUndefined();
  await stack.restart('refresher');
  await vi.waitFor(() => expect(stack.logs('refresher').join()).toContain('listening'));

  const pids = stack.running().map(({ pid }) => pid ?? 0);
  await stack.stop();
  expect(pids.filter(isAlive)).toEqual([]);
  expect(existsSync(stack.folder)).toBe(false);
});
