import { join } from 'node:path';
import { demoHost, rootDir, type Ports } from './config.js';
import type { ServiceSpec } from './service.js';

export const serviceNames = ['dispatcher', 'refresher', 'scheduler', 'cache-api'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** What all services of one stack are told alike. */
export interface ServiceSetting {
  postgresUrl: string;
  natsUrl: string;
  configFile: string;
  namespace: string;
  host: string;
  ports: Ports;
  logDir: string;
  passedOn: NodeJS.ProcessEnv;
  entryOf: (app: string) => string;
}

/** The built service. Tests put a stand-in here. */
export function builtEntry(app: string): string {
  return join(rootDir, 'dist', 'apps', app, 'src', 'main.js');
}

export function serviceSpec(app: ServiceName, setting: ServiceSetting, name: string = app): ServiceSpec {
  const opsPort = app === 'cache-api' ? setting.ports.admin : setting.ports[app];
  return {
    name,
    entry: setting.entryOf(app),
    env: { ...environment(setting), ...(app !== 'cache-api' && { PENSTOCK_OPS_PORT: String(opsPort) }) },
    readyUrl: `http://${reachable(setting.host)}:${opsPort}/health/ready`,
    logFile: join(setting.logDir, `${name}.log`),
  };
}

export function demoSpec({
  ports,
  logDir,
  passedOn,
  entryOf,
}: Pick<ServiceSetting, 'ports' | 'logDir' | 'passedOn' | 'entryOf'>): ServiceSpec {
  return {
    name: 'demo-upstream',
    entry: entryOf('demo-upstream'),
    env: { ...passedOn, PENSTOCK_DEMO_HOST: demoHost, PENSTOCK_DEMO_PORT: String(ports.demo) },
    readyUrl: `http://${demoHost}:${ports.demo}/__judge/score`,
    logFile: join(logDir, 'demo-upstream.log'),
  };
}

/** Where a listener on that address is reached from this machine. */
export function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

function environment({
  postgresUrl,
  natsUrl,
  configFile,
  namespace,
  host,
  ports,
  passedOn,
}: ServiceSetting): NodeJS.ProcessEnv {
  // What `npm start` decides stands above what the shell said: the ports of the others follow PENSTOCK_ADMIN_PORT.
  const { PENSTOCK_OPS_PORT: _, ...inherited } = passedOn;
  return {
    ...inherited,
    PENSTOCK_POSTGRES_URL: postgresUrl,
    PENSTOCK_NATS_URL: natsUrl,
    PENSTOCK_CONFIG: configFile,
    PENSTOCK_NAMESPACE: namespace,
    PENSTOCK_HOST: host,
    PENSTOCK_PORT: String(ports.data),
    PENSTOCK_ADMIN_PORT: String(ports.admin),
    PENSTOCK_DEMO_PORT: String(ports.demo),
  };
}
