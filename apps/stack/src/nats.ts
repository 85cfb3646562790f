import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeptServer } from './kept-server.js';

export interface NatsPlan {
  binary: string;
  storeDir: string;
  port: number;
}

export function natsUrl(port: number): string {
  return `nats://127.0.0.1:${port}`;
}

export function prepareNats({ binary, storeDir, port }: NatsPlan): KeptServer {
  mkdirSync(storeDir, { recursive: true });
  const file = join(storeDir, 'nats.conf');
  writeFileSync(file, configuration(storeDir, port));
  return { command: binary, args: ['-c', file], cwd: storeDir, stop: gentleStop };
}

const gentleStop: KeptServer['stop'] = [
  { signal: 'SIGTERM', waitMs: 2_500 },
  { signal: 'SIGKILL', waitMs: 1_000 },
];

// The room for streams is stated: by default it is a share of what is free, and a fairly full disk would refuse to make them.
function configuration(storeDir: string, port: number): string {
  return `# written at each start
host: 127.0.0.1
port: ${port}
server_name: penstock
pid_file: ${JSON.stringify(pidFileOf(storeDir))}
jetstream {
  store_dir: ${JSON.stringify(storeDir)}
  max_memory_store: 256MiB
  max_file_store: 16GiB
}
`;
}

export function pidFileOf(storeDir: string): string {
  return join(storeDir, 'nats.pid');
}
