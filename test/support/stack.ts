import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inherited } from '../../apps/stack/src/config.js';
import { freePort } from '../../apps/stack/src/ports.js';
import { silent, type Progress } from '../../apps/stack/src/progress.js';
import { Service } from '../../apps/stack/src/service.js';
import {
  builtEntry,
  demoSpec,
  serviceNames,
  serviceSpec,
  type ServiceName,
  type ServiceSetting,
} from '../../apps/stack/src/services.js';
import { explain } from '../../apps/stack/src/stack-error.js';
import { stopAll } from '../../apps/stack/src/supervised.js';

export interface StackOptions {
  /** The configuration as YAML text. `${PENSTOCK_DEMO_PORT}` is the demo upstream of this stack. */
  config: string;
  postgresUrl: string;
  natsUrl: string;
  namespace?: string;
  /** Environment of the demo upstream (its profile), or false for none. */
  demo?: Record<string, string> | false;
  /** How many of each; 1 where absent, 0 for none. Further ones are named `dispatcher-2`, ... */
  replicas?: Partial<Record<ServiceName, number>>;
  /** Added to the environment of the services. */
  env?: Record<string, string>;
  /** Of one of them alone, by its name. */
  envOf?: (name: string) => Record<string, string>;
  progress?: Progress;
  /** For tests of this file: the script of each app. */
  entryOf?: (app: string) => string;
}

/** One running service: the URL of its own port, and for cache-api that of its data plane. */
export interface Running {
  name: string;
  app: ServiceName | 'demo-upstream';
  pid: number | undefined;
  /** cache-api: control plane; the demo: the upstream itself; else health and metrics. */
  url: string;
  dataUrl: string | undefined;
}

export interface TestStack {
  /** Of the first cache-api: what applications call, and its control plane. */
  readonly dataUrl: string;
  readonly adminUrl: string;
  readonly demoUrl: string;
  readonly configFile: string;
  readonly namespace: string;
  /** Where the logs are. */
  readonly folder: string;
  running(): Running[];
  pid(name: string): number | undefined;
  /** kill -9; supervision starts it again, as under `npm start`. Resolves when it is dead. */
  kill(name: string): Promise<void>;
  /** Resolves when it serves (again). */
  ready(name: string): Promise<void>;
  /** A clean stop; it stays down until `start`. */
  halt(name: string): Promise<void>;
  start(name: string): Promise<void>;
  /** A clean stop, then a start. */
  restart(name: string): Promise<void>;
  /** Its last lines, oldest first. */
  logs(name: string): string[];
  /** Ends everything. The folder is removed unless `keep`. */
  stop(options?: { keep?: boolean }): Promise<void>;
}

interface Member {
  service: Service;
  app: Running['app'];
  url: string;
  dataUrl: string | undefined;
}

/** The four services and the demo upstream against given servers, supervised by the launcher's own code. */
export async function startStack(options: StackOptions): Promise<TestStack> {
  const folder = makeFolder();
  const configFile = join(folder, 'penstock.yaml');
  writeFileSync(configFile, options.config);
  const members = await plan(options, configFile, join(folder, 'log'));
  const stack = controls(members, { folder, configFile, namespace: options.namespace ?? 'penstock' });
  try {
    // The demo first: the dispatcher's first call must find it.
    await Promise.all(members.filter(({ app }) => app === 'demo-upstream').map(({ service }) => service.start()));
    await Promise.all(members.map(({ service }) => service.start()));
  } catch (error) {
    await stack.stop({ keep: true });
    throw new Error(`the stack did not start (logs in ${folder}): ${explain(error)}`, { cause: error });
  }
  return stack;
}

async function plan(options: StackOptions, configFile: string, logDir: string): Promise<Member[]> {
  const demoPort = await freePort();
  const { progress = silent, entryOf = builtEntry, demo = {}, env = {} } = options;
  const common = { logDir, entryOf, progress };
  const members: Member[] = demo === false ? [] : [demoMember({ ...common, demo, demoPort })];
  for (const app of serviceNames) {
    for (let n = 1; n <= (options.replicas?.[app] ?? 1); n += 1) {
      const name = n === 1 ? app : `${app}-${n}`;
      const own = { ...env, ...options.envOf?.(name) };
      const setting = await settingOf(options, { configFile, demoPort, env: own, logDir, entryOf });
      members.push(serviceMember(app, name, setting, progress));
    }
  }
  return members;
}

function demoMember(of: {
  demo: Record<string, string>;
  demoPort: number;
  logDir: string;
  entryOf: (app: string) => string;
  progress: Progress;
}): Member {
  const ports = { data: 0, admin: 0, scheduler: 0, refresher: 0, dispatcher: 0, demo: of.demoPort };
  const spec = demoSpec({ ports, logDir: of.logDir, passedOn: { ...inherited, ...of.demo }, entryOf: of.entryOf });
  return {
    service: Service.of(spec, of.progress),
    app: 'demo-upstream',
    url: new URL(spec.readyUrl).origin,
    dataUrl: undefined,
  };
}

function serviceMember(app: ServiceName, name: string, setting: ServiceSetting, progress: Progress): Member {
  const spec = serviceSpec(app, setting, name);
  const dataUrl = app === 'cache-api' ? `http://127.0.0.1:${setting.ports.data}` : undefined;
  return { service: Service.of(spec, progress), app, url: new URL(spec.readyUrl).origin, dataUrl };
}

async function settingOf(
  options: StackOptions,
  own: {
    configFile: string;
    demoPort: number;
    env: Record<string, string>;
    logDir: string;
    entryOf: (app: string) => string;
  },
): Promise<ServiceSetting> {
  const ops = await freePort();
  return {
    postgresUrl: options.postgresUrl,
    natsUrl: options.natsUrl,
    configFile: own.configFile,
    namespace: options.namespace ?? 'penstock',
    host: '127.0.0.1',
    ports: { data: await freePort(), admin: ops, scheduler: ops, refresher: ops, dispatcher: ops, demo: own.demoPort },
    logDir: own.logDir,
    passedOn: { ...inherited, ...own.env },
    entryOf: own.entryOf,
  };
}

function controls(members: Member[], facts: { folder: string; configFile: string; namespace: string }): TestStack {
  const named = (name: string): Service => {
    const found = members.find(({ service }) => service.name === name);
    if (!found)
      throw new Error(`expected one of ${members.map(({ service }) => service.name).join(', ')}, found ${name}`);
    return found.service;
  };
  const first = (app: Running['app']): Member | undefined => members.find((member) => member.app === app);
  return {
    ...facts,
    dataUrl: first('cache-api')?.dataUrl ?? '',
    adminUrl: first('cache-api')?.url ?? '',
    demoUrl: first('demo-upstream')?.url ?? '',
    running: () =>
      members.map(({ service, app, url, dataUrl }) => ({ name: service.name, app, pid: service.pid, url, dataUrl })),
    pid: (name) => named(name).pid,
    kill: (name) => named(name).kill(),
    ready: (name) => named(name).whenUp(),
    halt: (name) => named(name).stop(),
    start: (name) => named(name).start(),
    restart: (name) => named(name).restart(),
    logs: (name) => named(name).logs(),
    stop: ({ keep = false } = {}) => end(members, facts.folder, keep),
  };
}

async function end(members: Member[], folder: string, keep: boolean): Promise<void> {
  await stopAll(members.filter(({ app }) => app !== 'demo-upstream').map(({ service }) => service));
  await stopAll(members.map(({ service }) => service));
  await Promise.all(members.map(({ service }) => service.closeLog()));
  if (!keep) rmSync(folder, { recursive: true, force: true });
}

function makeFolder(): string {
  const parent = join(tmpdir(), 'penstock-test');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'stack-'));
  mkdirSync(join(folder, 'log'));
  return folder;
}
