import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawnKept } from '../../../apps/stack/src/kept-server.js';
import { lastLines } from '../../../apps/stack/src/log-file.js';
import { freePort } from '../../../apps/stack/src/ports.js';
import { answersOk, until } from '../../../apps/stack/src/ready.js';
import { Supervised } from '../../../apps/stack/src/supervised.js';
import { findProgram, type FoundProgram } from '../rig/debian-programs.js';
import { pinned, SERVER_CORE } from '../rig/pinning.js';
import type { Surroundings } from '../rig/runner.js';
import { pathOf } from './bodies.js';
import type { SystemName } from './options.js';

/** One server that is measured. */
export interface Peer {
  name: SystemName;
  url: string;
  /** Before `/<bytes>/<n>`. */
  prefix: string;
  version: string;
  pid(): number | undefined;
  stop(): Promise<void>;
}

export type OpenedPeer = Peer | { name: SystemName; kind: 'not available'; reason: string };

export interface Ground {
  own: Surroundings;
  folder: string;
  sourcePort: number;
}

/** A program of this folder, on a free port. */
export async function nodePeer(name: SystemName, ground: Ground): Promise<Peer> {
  const port = await freePort();
  const entry = fileURLToPath(new URL(`./${name}-main.js`, import.meta.url));
  const command = pinned(SERVER_CORE, [process.execPath, '--max-semi-space-size=64', entry, String(port)]);
  return startPeer({ name, port, command, version: process.versions.node }, ground);
}

export async function startSource({
  own,
  folder,
}: Omit<Ground, 'sourcePort'>): Promise<{ port: number; stop(): Promise<void> }> {
  const port = await freePort();
  const entry = fileURLToPath(new URL('./source-main.js', import.meta.url));
  const command = [process.execPath, entry, String(port)];
  const server = supervised('source', { port, command, folder }, own);
  await server.start();
  return { port, stop: () => server.stop() };
}

export async function nginxPeer(ground: Ground): Promise<OpenedPeer> {
  const found = await findProgram(
    { program: 'nginx', packages: ['nginx'], versionFlag: '-v', version: /nginx\/(\d+\.\d+\.\d+)/ },
    ground.own,
  );
  if (found.kind === 'not available') return { name: 'nginx', ...found };
  const port = await freePort();
  const folder = join(ground.folder, 'nginx');
  for (const dir of ['cache', 'tmp', 'logs']) mkdirSync(join(folder, dir), { recursive: true });
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, nginxConfig(folder, port, ground.sourcePort));
  const run = ['-p', folder, '-e', join(folder, 'logs', 'error.log'), '-c', file];
  return startPeer({ name: 'nginx', port, command: command(found, run), version: found.version }, ground);
}

/** As its documentation advises for speed: one worker, no access log, files kept open, connections that never end. */
function nginxConfig(folder: string, port: number, sourcePort: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const user = process.getuid?.() === 0 ? ['user root;'] : [];
  return [
    ...user,
    'daemon off;',
    'worker_processes 1;',
    `pid ${folder}/nginx.pid;`,
    'events { worker_connections 1024; }',
    'http {',
    '  access_log off;',
    '  sendfile on;',
    '  tcp_nopush on;',
    '  keepalive_timeout 65;',
    '  keepalive_requests 1000000000;',
    '  open_file_cache max=50000 inactive=1h;',
    '  open_file_cache_valid 1h;',
    ...temporary.map((kind) => `  ${kind}_temp_path ${folder}/tmp/${kind};`),
    `  proxy_cache_path ${folder}/cache levels=1:2 keys_zone=hits:32m max_size=4g inactive=1d;`,
    `  upstream source { server 127.0.0.1:${sourcePort}; keepalive 16; }`,
    '  server {',
    `    listen 127.0.0.1:${port};`,
    '    location / {',
    '      proxy_pass http://source;',
    '      proxy_http_version 1.1;',
    '      proxy_set_header Connection "";',
    '      proxy_cache hits;',
    '      add_header Cache-Status "nginx; $upstream_cache_status";',
    '    }',
    '  }',
    '}',
    '',
  ].join('\n');
}

export async function varnishPeer(ground: Ground): Promise<OpenedPeer> {
  const found = await findProgram(
    {
      program: 'varnishd',
      packages: ['varnish', 'libvarnishapi3', 'libjemalloc2'],
      versionFlag: '-V',
      version: /varnish-(\d+\.\d+\.\d+)/,
    },
    ground.own,
  );
  if (found.kind === 'not available') return { name: 'varnish', ...found };
  const port = await freePort();
  const file = join(ground.folder, 'varnish.vcl');
  writeFileSync(file, `vcl 4.1;\nbackend default { .host = "127.0.0.1"; .port = "${ground.sourcePort}"; }\n`);
  const place = ['-n', join(ground.folder, 'varnish'), '-j', 'none', '-a', `127.0.0.1:${port}`];
  const settings = ['-F', '-f', file, '-s', 'malloc,2g', '-p', 'thread_pools=1', '-p', 'timeout_idle=65'];
  try {
    return await startPeer(
      { name: 'varnish', port, command: command(found, [...place, ...settings]), version: found.version },
      ground,
    );
  } catch (error) {
    // It compiles its configuration: without a C compiler it cannot start.
    return { name: 'varnish', kind: 'not available', reason: error instanceof Error ? error.message : String(error) };
  }
}

function command({ command: first }: Extract<FoundProgram, { kind: 'found' }>, args: readonly string[]): string[] {
  return pinned(SERVER_CORE, [...first, ...args]);
}

interface Start {
  name: SystemName;
  port: number;
  command: readonly string[];
  version: string;
}

async function startPeer({ name, port, command: line, version }: Start, { own, folder }: Ground): Promise<Peer> {
  const server = supervised(name, { port, command: line, folder }, own);
  await server.start();
  const url = `http://127.0.0.1:${port}`;
  return { name, url, prefix: '', version, pid: () => server.pid, stop: () => server.stop() };
}

function supervised(
  name: string,
  { port, command: [program = '', ...args], folder }: { port: number; command: readonly string[]; folder: string },
  { progress }: Surroundings,
): Supervised {
  const logFile = join(folder, `${name}.log`);
  const stop = [
    { signal: 'SIGTERM' as const, waitMs: 2_000 },
    { signal: 'SIGKILL' as const, waitMs: 500 },
  ];
  return new Supervised(
    {
      name,
      spawn: () => spawnKept({ command: program, args, cwd: folder, stop }, logFile),
      ready: (signal) => until((s) => answersOk(`http://127.0.0.1:${port}${pathOf(500, 1)}`, s), signal),
      lastWords: () => lastLines(logFile, 8),
      graceMs: 3_000,
    },
    progress,
  );
}
