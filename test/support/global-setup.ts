import type { TestProject } from 'vitest/node';
import { startNats, startPostgres, type RealServer } from './real-servers.js';
import { ensureBuilt } from '../../scripts/fresh.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    servers: { postgresUrl: string; natsUrl: string };
  }
}

interface Held {
  users: number;
  running: Promise<{ postgres: RealServer; nats: RealServer }>;
}

// Each project loads this file anew; the servers are one for the whole run.
const held = globalThis as typeof globalThis & { penstockTestServers?: Held | undefined };

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  held.penstockTestServers ??= { users: 0, running: startBoth() };
  const servers = held.penstockTestServers;
  servers.users += 1;
  const { postgres, nats } = await servers.running;
  project.provide('servers', { postgresUrl: postgres.url, natsUrl: nats.url });
  return async () => {
    servers.users -= 1;
    if (servers.users > 0) return;
    held.penstockTestServers = undefined;
    await Promise.all([postgres.stop(), nats.stop()]);
  };
}

async function startBoth(): Promise<{ postgres: RealServer; nats: RealServer }> {
  await build();
  const [postgres, nats] = await Promise.all([startPostgres(), startNats()]);
  return { postgres, nats };
}

// The compiler writes what it can: a fault elsewhere need not keep a test of something else from running. `npm test` counts it.
async function build(): Promise<void> {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  await ensureBuilt(say).catch((error: unknown) => say(error instanceof Error ? error.message : String(error)));
}
