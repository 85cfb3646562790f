import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StackError } from './stack-error.js';

export interface Ports {
  data: number;
  admin: number;
  scheduler: number;
  refresher: number;
  dispatcher: number;
  demo: number;
}

/** Which configuration the services read. The demo upstream runs only beside the example that names it. */
export type ConfigurationFile = { kind: 'given'; path: string } | { kind: 'example'; path: string };

export interface StackConfig {
  configuration: ConfigurationFile;
  host: string;
  ports: Ports;
  dataDir: string;
  namespace: string;
  postgresUrl: string | undefined;
  natsUrl: string | undefined;
  /** Handed to the children as it is: `${CRM_TOKEN}` of a configuration, PENSTOCK_WORKERS, the tokens. */
  passedOn: NodeJS.ProcessEnv;
  /** npm started us: then its end is ours. */
  underNpm: boolean;
}

/** The demo is for this machine only, wherever Penstock itself listens: examples/demo.yaml names it so. */
export const demoHost = '127.0.0.1';

/** For the tools that are run on the way (apt-get, initdb, setpriv): where they lie, proxies, locale. */
export const inherited: Readonly<NodeJS.ProcessEnv> = process.env;

/** The repository: this file is apps/stack/src/config.ts in it, and dist/apps/stack/src/config.js when built. */
export const rootDir = findRoot(fileURLToPath(new URL('.', import.meta.url)));

export function readConfig(env: NodeJS.ProcessEnv = process.env, cwd: string = process.cwd()): StackConfig {
  const faults: string[] = [];
  const config: StackConfig = {
    configuration: configurationFile(env, cwd, faults),
    host: env['PENSTOCK_HOST'] || '127.0.0.1',
    ports: readPorts(env, faults),
    dataDir: resolve(cwd, env['PENSTOCK_DATA_DIR'] || '.penstock'),
    namespace: namespaceOf(env, faults),
    postgresUrl: urlOf(env, 'PENSTOCK_POSTGRES_URL', ['postgres:', 'postgresql:'], faults),
    natsUrl: urlOf(env, 'PENSTOCK_NATS_URL', ['nats:', 'tls:'], faults),
    passedOn: env,
    underNpm: Boolean(env['npm_lifecycle_event']),
  };
  if (faults.length > 0) throw wrongEnvironment(faults);
  return config;
}

function wrongEnvironment(faults: string[]): StackError {
  const lines = faults.map((fault) => `\n  - ${fault}`).join('');
  return new StackError(
    'configuration',
    `the environment is not usable:${lines}`,
    'correct these variables and start again',
  );
}

function configurationFile(env: NodeJS.ProcessEnv, cwd: string, faults: string[]): ConfigurationFile {
  const given = env['PENSTOCK_CONFIG'];
  const path = resolve(cwd, given || 'penstock.yaml');
  if (existsSync(path)) return { kind: 'given', path };
  if (given) faults.push(`PENSTOCK_CONFIG: expected a file, found nothing at ${path}`);
  return { kind: 'example', path: join(rootDir, 'examples', 'demo.yaml') };
}

function readPorts(env: NodeJS.ProcessEnv, faults: string[]): Ports {
  const admin = portOf(env, 'PENSTOCK_ADMIN_PORT', 8081, faults);
  const ports: Ports = {
    data: portOf(env, 'PENSTOCK_PORT', 8080, faults),
    admin,
    scheduler: admin + 1,
    refresher: admin + 2,
    dispatcher: admin + 3,
    demo: portOf(env, 'PENSTOCK_DEMO_PORT', 8090, faults),
  };
  faults.push(...collisions(ports));
  return ports;
}

function collisions(ports: Ports): string[] {
  const seen = new Map<number, string>();
  return Object.entries(ports).flatMap(([use, port]: [string, number]) => {
    const other = seen.get(port);
    seen.set(port, use);
    if (port > 65535) return [`port ${port} of ${use}: expected at most 65535 (PENSTOCK_ADMIN_PORT + 1, 2, 3)`];
    return other
      ? [`port ${port} is asked for twice: ${other} and ${use} (these follow PENSTOCK_ADMIN_PORT + 1, 2, 3)`]
      : [];
  });
}

function portOf(env: NodeJS.ProcessEnv, name: string, fallback: number, faults: string[]): number {
  const text = env[name];
  if (!text) return fallback;
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port >= 1 && port <= 65535) return port;
  faults.push(`${name}: expected a port from 1 to 65535, found "${text}"`);
  return fallback;
}

function namespaceOf(env: NodeJS.ProcessEnv, faults: string[]): string {
  const text = env['PENSTOCK_NAMESPACE'] || 'penstock';
  // It becomes a subject token, a stream name and a PostgreSQL schema: what all three allow.
  if (!/^[a-z][a-z0-9_-]{0,30}$/.test(text)) {
    faults.push(`PENSTOCK_NAMESPACE: expected 1 to 31 of [a-z0-9_-], beginning with a letter, found "${text}"`);
  }
  return text;
}

function urlOf(env: NodeJS.ProcessEnv, name: string, protocols: string[], faults: string[]): string | undefined {
  const text = env[name];
  if (!text) return undefined;
  // nats.js takes a list of servers; each must be a URL of its own.
  for (const one of text.split(',')) {
    const protocol = URL.canParse(one.trim()) ? new URL(one.trim()).protocol : 'no URL';
    // The value may hold a password: only its scheme is told.
    if (!protocols.includes(protocol))
      faults.push(`${name}: expected ${protocols.join('// or ')}//..., found ${protocol}`);
  }
  return text;
}

function findRoot(from: string): string {
  const parent = resolve(from, '..');
  if (existsSync(join(from, 'package.json')) || parent === from) return from;
  return findRoot(parent);
}
