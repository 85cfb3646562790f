import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { freshFolder } from './fixtures/fresh-folder.js';
import { ensureBuilt } from '../../../scripts/fresh.mjs';
import { inherited } from './config.js';
import { freePort } from './ports.js';
import { withClient } from './postgres.js';
import { commandOf, isAlive, send } from './process-table.js';
import { natsGreeting } from './ready.js';

/**
 * The launcher as `npm start` runs it: real PostgreSQL and nats-server, stand-ins for the services, a process of its own.
 */
const patience = { timeout: 20_000, interval: 50 };
const running = new Set<Launcher>();

// What the launcher runs is the build; faults of the compiler elsewhere are counted elsewhere.
beforeAll(() => ensureBuilt(() => undefined).catch(() => undefined), 120_000);

afterEach(async () => {
  for (const launcher of running) await launcher.end();
  running.clear();
});

class Launcher {
  output = '';
  exitCode: number | undefined;
  private readonly child: ChildProcess;

  constructor(
    readonly dataDir: string,
    readonly ports: { data: number; admin: number; demo: number },
    extra: Record<string, string> = {},
  ) {
    // Through a shell that stays, as npm does it.
    const script = fileURLToPath(new URL('fixtures/launcher.mjs', import.meta.url));
    const command = `"${process.execPath}" "${script}"; exit $?`;
    const [program, ...args] = extra['npm_lifecycle_event'] ? ['sh', '-c', command] : [process.execPath, script];
    this.child = spawn(program ?? '', args, {
      cwd: freshFolder(),
      env: {
        ...inherited,
        PENSTOCK_DATA_DIR: dataDir,
        PENSTOCK_PORT: `${ports.data}`,
        PENSTOCK_ADMIN_PORT: `${ports.admin}`,
        PENSTOCK_DEMO_PORT: `${ports.demo}`,
        ...extra,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.child.once('close', (code) => (this.exitCode = code ?? -1));
    running.add(this);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  ready(): Promise<void> {
    return this.says('Penstock is ready');
  }

  says(words: string | RegExp): Promise<void> {
    return vi.waitFor(() => expect(this.output).toMatch(words), patience);
  }

  ends(): Promise<number> {
    return vi.waitFor(() => expect(this.exitCode).toBeDefined(), patience).then(() => this.exitCode ?? -1);
  }

  url(row: 'NATS' | 'PostgreSQL'): string {
    return new RegExp(`^ {2}${row} +(\\S+)`, 'm').exec(this.output)?.[1] ?? '';
  }

  /** Every process of this stack but the launcher. */
  async children(): Promise<number[]> {
    const { admin, demo } = this.ports;
    const urls = [admin, admin + 1, admin + 2, admin + 3, demo].map((port) => `http://127.0.0.1:${port}/`);
    const services = await Promise.all(
      urls.map(async (url) => ((await (await fetch(url)).json()) as { pid: number }).pid),
    );
    return [...services, ...processesWith(this.dataDir)];
  }

  async end(): Promise<void> {
    if (this.exitCode !== undefined) return;
    send('SIGTERM', this.pid);
    await this.ends();
  }
}

/** Servers, their keepers: their command lines name the data folder. */
function processesWith(dataDir: string): number[] {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return pids.filter((pid) => commandOf(pid).includes(dataDir));
}

async function launch(dataDir = join(freshFolder(), 'data'), extra: Record<string, string> = {}): Promise<Launcher> {
  const [data, admin, demo] = [await freePort(), await freePort(), await freePort()];
  return new Launcher(dataDir, { data, admin, demo }, extra);
}

const gone = (pids: number[]): Promise<void> => vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), patience);
const inPostgres = (launcher: Launcher, sql: string): Promise<unknown[]> =>
  withClient(launcher.url('PostgreSQL'), async (client) => (await client.query(sql)).rows as unknown[]);

test(
  'a second start finds the data of the first, and a SIGTERM leaves no process behind',
  { timeout: 60_000 },
  async () => {
    const first = await launch();
    await first.ready();
    await inPostgres(first, 'create table kept as select 1 as one');
    const children = await first.children();
    expect(children.length).toBeGreaterThanOrEqual(9);
    send('SIGTERM', first.pid);
    expect(await first.ends()).toBe(0);
    expect(children.filter(isAlive)).toEqual([]);
    expect(first.output).toMatch(/Try:\n {2}curl -i http[^]*curl -i -x http/);
    expect(existsSync(join(first.dataDir, 'stack.lock'))).toBe(false);

    const second = await launch(first.dataDir);
    await second.ready();
    expect(await inPostgres(second, 'select one from kept')).toEqual([{ one: 1 }]);
  },
);

test(
  'after a kill -9 of the launcher its children end, and a start at once is not in their way',
  { timeout: 60_000 },
  async () => {
    const first = await launch();
    await first.ready();
    const children = await first.children();
    send('SIGKILL', first.pid);
    const second = new Launcher(first.dataDir, first.ports);
    await gone(children);
    await second.ready();
    expect(second.output).toContain('the last start was killed');
  },
);

test('servers left behind by killed keepers are ended by the next start', { timeout: 60_000 }, async () => {
  const first = await launch();
  await first.ready();
  const keepers = processesWith(first.dataDir).filter((pid) => commandOf(pid).includes('keeper'));
  const servers = processesWith(first.dataDir).filter((pid) => !keepers.includes(pid));
  for (const pid of [first.pid, ...keepers]) send('SIGKILL', pid);
  expect(servers.filter(isAlive).length).toBeGreaterThanOrEqual(2);
  const second = new Launcher(first.dataDir, first.ports);
  await second.ready();
  expect(servers.filter(isAlive)).toEqual([]);
});

test('a server or a service that dies comes back on its port, with its data', { timeout: 60_000 }, async () => {
  const stack = await launch();
  await stack.ready();
  await inPostgres(stack, 'create table kept as select 1 as one');
  const postmaster = Number.parseInt(readFileSync(join(stack.dataDir, 'postgres', 'postmaster.pid'), 'utf8'), 10);
  const nats = Number.parseInt(readFileSync(join(stack.dataDir, 'nats', 'nats.pid'), 'utf8'), 10);
  const scheduler = (await stack.children())[1] ?? 0;
  for (const pid of [postmaster, nats, scheduler]) send('SIGKILL', pid);
  for (const name of ['postgres', 'nats-server', 'scheduler']) await stack.says(`${name} is ready again`);
  expect(await inPostgres(stack, 'select one from kept')).toEqual([{ one: 1 }]);
  expect(await natsGreeting(stack.url('NATS'))).toMatchObject({ jetstream: true });
});

test(
  'two stacks run side by side; one data folder and one set of ports serve one stack',
  { timeout: 60_000 },
  async () => {
    const [one, two] = [await launch(), await launch()];
    await Promise.all([one.ready(), two.ready()]);
    const sameFolder = await launch(one.dataDir);
    expect(await sameFolder.ends()).toBe(1);
    expect(sameFolder.output).toContain(`in use by a running stack (process ${one.pid})`);

    const samePorts = new Launcher(`${one.dataDir}-2`, one.ports);
    expect(await samePorts.ends()).toBe(1);
    expect(samePorts.output).toContain(
      `port ${one.ports.data} on 127.0.0.1 (data plane, PENSTOCK_PORT): another program listens there`,
    );
  },
);

test('a kill -9 of npm ends the stack', { timeout: 60_000 }, async () => {
  const stack = await launch(undefined, { npm_lifecycle_event: 'start' });
  await stack.ready();
  const children = await stack.children();
  send('SIGKILL', stack.pid);
  await gone(children);
  await stack.says('everything has ended');
});

test(
  'a service that refuses to start ends the start with its words, and nothing is left',
  { timeout: 60_000 },
  async () => {
    const stack = await launch(undefined, { STAND_IN_FAULT: 'exit' });
    expect(await stack.ends()).toBe(1);
    expect(stack.output).toMatch(
      /did not start: expected demo-upstream to become ready, found: exit code 3\n.*expected a URL, found nothing/,
    );
    expect(processesWith(stack.dataDir)).toEqual([]);
  },
);

test('a SIGTERM in the middle of a start ends it cleanly', { timeout: 60_000 }, async () => {
  const stack = await launch();
  await stack.says('starting PostgreSQL');
  send('SIGTERM', stack.pid);
  expect(await stack.ends()).toBe(0);
  await gone(processesWith(stack.dataDir));
  expect(existsSync(join(stack.dataDir, 'stack.lock'))).toBe(false);
});

test('servers of the user are used and not started', { timeout: 60_000 }, async () => {
  const lender = await launch();
  await lender.ready();
  const urls = { PENSTOCK_POSTGRES_URL: lender.url('PostgreSQL'), PENSTOCK_NATS_URL: lender.url('NATS') };
  const stack = await launch(undefined, urls);
  await stack.ready();
  expect(processesWith(stack.dataDir)).toEqual([]);
  const admin = (await (await fetch(`http://127.0.0.1:${stack.ports.admin}/`)).json()) as {
    env: Record<string, string>;
  };
  expect(admin.env).toMatchObject({ ...urls, PENSTOCK_PARENT: 'stdin', PENSTOCK_NAMESPACE: 'penstock' });
});
