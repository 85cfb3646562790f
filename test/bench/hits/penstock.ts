import { resolve } from 'node:path';
import { startStack, type TestStack } from '../../support/stack.js';
import { pin, SERVER_CORE } from '../rig/pinning.js';
import type { Surroundings } from '../rig/runner.js';
import type { Servers } from '../rig/servers.js';
import type { Peer } from './peers.js';

export interface PenstockOrder {
  servers: Servers;
  own: Surroundings;
  sourcePort: number;
  namespace: string;
  profileDir: string | undefined;
}

export const UPSTREAM = 'own';

export function sourceUrl(port: number): string {
  return `http://127.0.0.1:${port}`;
}

export async function openPenstock(order: PenstockOrder): Promise<TestStack> {
  const { servers, own, sourcePort, namespace, profileDir } = order;
  const stack = await startStack({
    config: [
      'upstreams:',
      `  ${UPSTREAM}:`,
      `    baseUrl: '${sourceUrl(sourcePort)}'`,
      '    limits: { windows: [{ limit: 50000, per: 1s }], concurrency: 64 }',
      '',
    ].join('\n'),
    postgresUrl: servers.postgresUrl,
    natsUrl: servers.natsUrl,
    namespace,
    demo: false,
    progress: own.progress,
    envOf: (name) => (name === 'cache-api' && profileDir !== undefined ? profiled(profileDir) : {}),
  });
  pin(stack.pid('cache-api'), SERVER_CORE);
  return stack;
}

function profiled(dir: string): Record<string, string> {
  const preload = new URL('../pipeline/cpu-profile.js', import.meta.url).href;
  return { NODE_OPTIONS: `--import=${preload}`, BENCH_PROFILE_DIR: resolve(dir) };
}

export function penstockPeer(stack: TestStack, version: string): Peer {
  return {
    name: 'penstock',
    url: stack.dataUrl,
    prefix: `/${UPSTREAM}`,
    version,
    pid: () => stack.pid('cache-api'),
    stop: () => stack.stop(),
  };
}
