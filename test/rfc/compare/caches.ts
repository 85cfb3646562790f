import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnKept } from '../../../apps/stack/src/kept-server.js';
import { lastLines } from '../../../apps/stack/src/log-file.js';
import { freePort } from '../../../apps/stack/src/ports.js';
import { answersOk, until } from '../../../apps/stack/src/ready.js';
import { Supervised } from '../../../apps/stack/src/supervised.js';
import { findProgram, type Wanted } from '../../bench/rig/debian-programs.js';
import type { Surroundings } from '../../bench/rig/runner.js';

/** Another cache before the scripted upstream. */
export interface OtherCache {
  readonly name: string;
  readonly version: string;
  readonly url: string;
  stop(): Promise<void>;
}

export type OpenedCache = OtherCache | { readonly name: string; readonly missing: string };

export interface Ground {
  readonly own: Surroundings;
  readonly folder: string;
  readonly upstreamPort: number;
  /** Answers 200 as soon as the cache serves. */
  readonly readyPath: string;
}

interface Kind {
  readonly name: string;
  readonly wanted: Wanted;
  arguments(ground: Ground, port: number): readonly string[];
}

const NGINX: Kind = {
  name: 'nginx',
  wanted: { program: 'nginx', packages: ['nginx'], versionFlag: '-v', version: /nginx\/(\d+\.\d+\.\d+)/ },
  arguments: ({ folder, upstreamPort }, port) => {
    const own = join(folder, 'nginx');
    for (const dir of ['cache', 'tmp', 'logs']) mkdirSync(join(own, dir), { recursive: true });
    const file = join(own, 'nginx.conf');
    writeFileSync(file, nginxConfig(own, port, upstreamPort));
    return ['-p', own, '-e', join(own, 'logs', 'error.log'), '-c', file];
  },
};

const VARNISH: Kind = {
  name: 'Varnish',
  wanted: {
    program: 'varnishd',
    packages: ['varnish', 'libvarnishapi3', 'libjemalloc2'],
    versionFlag: '-V',
    version: /varnish-(\d+\.\d+\.\d+)/,
  },
  arguments: ({ folder, upstreamPort }, port) => {
    const file = join(folder, 'varnish.vcl');
    writeFileSync(file, `vcl 4.1;\nbackend default { .host = "127.0.0.1"; .port = "${upstreamPort}"; }\n`);
    const place = ['-n', join(folder, 'varnish'), '-j', 'none', '-a', `127.0.0.1:${port}`];
    return ['-F', '-f', file, '-s', 'malloc,256m', ...place, ...VARNISH_PARAMETERS.flatMap((one) => ['-p', one])];
  },
};

/** Its own freshness and grace taken out, so that the upstream's words count; what is stale is kept to be validated. */
export const VARNISH_PARAMETERS = ['default_ttl=0', 'default_grace=0', 'default_keep=3600'];

/** What makes it do as much of the RFCs as it can: validation, and refreshes in the background. */
export const NGINX_DIRECTIVES = [
  'proxy_cache_revalidate on;',
  'proxy_cache_background_update on;',
  'proxy_next_upstream off;',
  'proxy_http_version 1.1;',
  'proxy_set_header Connection "";',
];

/** One after the other: each may have to be fetched. */
export async function openOtherCaches(ground: Ground): Promise<OpenedCache[]> {
  const opened: OpenedCache[] = [];
  for (const kind of [NGINX, VARNISH]) opened.push(await open(kind, ground));
  return opened;
}

async function open(kind: Kind, ground: Ground): Promise<OpenedCache> {
  const { name } = kind;
  const found = await findProgram(kind.wanted, ground.own);
  if (found.kind === 'not available') return { name, missing: found.reason };
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = supervised(name, [...found.command, ...kind.arguments(ground, port)], url + ground.readyPath, ground);
  try {
    await server.start();
  } catch (error) {
    // Varnish compiles its configuration: without a C compiler it cannot start.
    return { name, missing: error instanceof Error ? error.message : String(error) };
  }
  return { name, version: found.version, url, stop: () => server.stop() };
}

function supervised(name: string, line: readonly string[], readyUrl: string, { folder, own }: Ground): Supervised {
  const [command = '', ...args] = line;
  const logFile = join(folder, `${name}.log`);
  const stop = [
    { signal: 'SIGTERM' as const, waitMs: 2_000 },
    { signal: 'SIGKILL' as const, waitMs: 500 },
  ];
  return new Supervised(
    {
      name,
      spawn: () => spawnKept({ command, args, cwd: folder, stop }, logFile),
      ready: (signal) => until((one) => answersOk(readyUrl, one), signal),
      lastWords: () => lastLines(logFile, 8),
      graceMs: 3_000,
    },
    own.progress,
  );
}

function nginxConfig(folder: string, port: number, upstreamPort: number): string {
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
    ...temporary.map((kind) => `  ${kind}_temp_path ${folder}/tmp/${kind};`),
    `  proxy_cache_path ${folder}/cache levels=1:2 keys_zone=compared:8m inactive=1h;`,
    `  upstream scripted { server 127.0.0.1:${upstreamPort}; keepalive 16; }`,
    `  server { listen 127.0.0.1:${port};`,
    '    location / {',
    '      proxy_pass http://scripted;',
    '      proxy_cache compared;',
    ...NGINX_DIRECTIVES.map((directive) => `      ${directive}`),
    '    }',
    '  }',
    '}',
    '',
  ].join('\n');
}
