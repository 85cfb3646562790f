import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { demoHost, type StackConfig } from './config.js';
import { reachable } from './services.js';
import type { StackUrls } from './stack.js';

/** What a person needs to know once everything runs. */
export function welcome(config: StackConfig, urls: StackUrls): string {
  const at = (port: number): string => `http://${reachable(config.host)}:${port}`;
  const { data, admin, demo } = config.ports;
  const rows = [
    ['data plane', at(data)],
    ['control plane', at(admin)],
    ['NATS', withoutSecret(urls.nats)],
    ['PostgreSQL', withoutSecret(urls.postgres)],
    ...(config.configuration.kind === 'example' ? [['demo upstream', `http://${demoHost}:${demo}`]] : []),
    ['configuration', config.configuration.path],
    ['logs', `${config.dataDir}/log`],
  ];
  const table = rows.map(([name = '', value = '']) => `  ${name.padEnd(14)} ${value}`).join('\n');
  return `\nPenstock is ready. Ctrl-C ends it.\n\n${table}\n\n${toTry(config, at(data))}\n`;
}

function toTry({ configuration }: StackConfig, dataPlane: string): string {
  if (configuration.kind === 'example') return curls(dataPlane, 'demo/items/1', 'demo.example/items/2');
  const { id, host } = firstUpstream(configuration.path);
  return curls(dataPlane, `${id}/`, host && `${host}/`);
}

function curls(dataPlane: string, path: string, absolute: string | undefined): string {
  const direct = `  curl -i ${dataPlane}/${path}`;
  return `Try:\n${direct}\n${absolute ? `  curl -i -x ${dataPlane} http://${absolute}\n` : ''}`;
}

function firstUpstream(path: string): { id: string; host: string | undefined } {
  const file = parse(readFileSync(path, 'utf8')) as { upstreams?: Record<string, { hosts?: string[] } | null> } | null;
  const [id, upstream] = Object.entries(file?.upstreams ?? {})[0] ?? ['<upstream>', null];
  return { id, host: upstream?.hosts?.[0] };
}

function withoutSecret(urls: string): string {
  return urls.replace(/\/\/[^@/,]*:[^@/,]*@/g, '//***@');
}
