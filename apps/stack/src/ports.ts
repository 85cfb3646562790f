import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { demoHost, type StackConfig } from './config.js';
import { StackError, systemCode } from './stack-error.js';

/** One port that a service is about to listen on, and the variable that moves it. */
interface Wish {
  port: number;
  host: string;
  use: string;
  variable: string;
}

/**
 * Below the range that systems give to outgoing connections: while a server is down, a client that keeps dialling its port
 * can be given that very port as its own, connect to itself, and keep the server from coming back.
 */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let tries = 0; tries < 200; tries += 1) {
    const port = randomInt(20_000, 32_000);
    if (given.has(port)) continue;
    given.add(port);
    if ((await whyNotFree(port, host)) === '') return port;
  }
  throw new StackError(
    'port-taken',
    `expected a free port on ${host} between 20000 and 32000, found none in 200 tries`,
    'stop some programs',
  );
}

// Two that were asked for before either is listened on must differ.
const given = new Set<number>();

/** '' when the port can be listened on, else the system's code (EADDRINUSE, EACCES, EADDRNOTAVAIL). */
export function whyNotFree(port: number, host: string): Promise<string> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(systemCode(error)));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve('')));
  });
}

/** After a launcher was killed its services need a moment to notice: `patienceMs` waits for their ports. */
export async function requirePorts(config: StackConfig, patienceMs: number): Promise<void> {
  const deadline = performance.now() + patienceMs;
  let faults = await portFaults(config);
  while (faults.length > 0 && performance.now() < deadline) {
    await sleep(100);
    faults = await portFaults(config);
  }
  if (faults.length === 0) return;
  throw new StackError(
    'port-taken',
    `expected free ports, found:${faults.map((fault) => `\n  - ${fault}`).join('')}`,
    'stop the other program, or move this stack, for example: PENSTOCK_PORT=18080 PENSTOCK_ADMIN_PORT=18081 PENSTOCK_DEMO_PORT=18090 PENSTOCK_DATA_DIR=.penstock-2 npm start',
  );
}

async function portFaults(config: StackConfig): Promise<string[]> {
  const faults = wishes(config).map(async ({ port, host, use, variable }) => {
    const code = await whyNotFree(port, host);
    return code === '' ? [] : [`port ${port} on ${host} (${use}, ${variable}): ${meaning(code)}`];
  });
  return (await Promise.all(faults)).flat();
}

function wishes({ ports, host, configuration }: StackConfig): Wish[] {
  const admin = 'PENSTOCK_ADMIN_PORT';
  const always = [
    { port: ports.data, use: 'data plane', variable: 'PENSTOCK_PORT' },
    { port: ports.admin, use: 'control plane', variable: admin },
    { port: ports.scheduler, use: 'scheduler', variable: `${admin} + 1` },
    { port: ports.refresher, use: 'refresher', variable: `${admin} + 2` },
    { port: ports.dispatcher, use: 'dispatcher', variable: `${admin} + 3` },
  ];
  const services = always.map((wish) => ({ ...wish, host }));
  if (configuration.kind === 'given') return services;
  return [...services, { port: ports.demo, host: demoHost, use: 'demo upstream', variable: 'PENSTOCK_DEMO_PORT' }];
}

function meaning(code: string): string {
  if (code === 'EADDRINUSE') return 'another program listens there';
  if (code === 'EACCES') return 'this user may not listen there (ports below 1024 need rights)';
  if (code === 'EADDRNOTAVAIL') return 'this machine has no such address (PENSTOCK_HOST)';
  return code;
}
