import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freshFolder } from './fixtures/fresh-folder.js';
import { readConfig, rootDir } from './config.js';

const folder = (): string => freshFolder();

test('an empty environment gives the documented defaults and the example', () => {
  const cwd = folder();
  const config = readConfig({}, cwd);
  expect(config.ports).toEqual({
    data: 8080,
    admin: 8081,
    scheduler: 8082,
    refresher: 8083,
    dispatcher: 8084,
    demo: 8090,
  });
  expect(config).toMatchObject({
    host: '127.0.0.1',
    namespace: 'penstock',
    postgresUrl: undefined,
    natsUrl: undefined,
  });
  expect(config.dataDir).toBe(join(cwd, '.penstock'));
  expect(config.configuration).toEqual({ kind: 'example', path: join(rootDir, 'examples/demo.yaml') });
});

test('a penstock.yaml is taken, and the demo stays away', () => {
  const cwd = folder();
  writeFileSync(join(cwd, 'penstock.yaml'), 'upstreams: {}\n');
  expect(readConfig({}, cwd).configuration).toEqual({ kind: 'given', path: join(cwd, 'penstock.yaml') });
});

test('the ports of the other services follow PENSTOCK_ADMIN_PORT', () => {
  const { ports } = readConfig({ PENSTOCK_ADMIN_PORT: '9000' }, folder());
  expect(ports).toMatchObject({ admin: 9000, scheduler: 9001, refresher: 9002, dispatcher: 9003 });
});

test('every fault stands in one message, without the password of a URL', () => {
  const env = {
    PENSTOCK_PORT: 'http',
    PENSTOCK_NAMESPACE: 'a.b',
    PENSTOCK_NATS_URL: 'mysql://u:secret@h',
    PENSTOCK_CONFIG: 'absent.yaml',
    PENSTOCK_DEMO_PORT: '8082',
  };
  const message = messageOf(() => readConfig(env, folder()));
  for (const part of [
    'PENSTOCK_PORT',
    'PENSTOCK_NAMESPACE',
    'PENSTOCK_NATS_URL',
    'absent.yaml',
    '8082 is asked for twice',
  ]) {
    expect(message).toContain(part);
  }
  expect(message).not.toContain('secret');
});

test('an admin port that leaves no room for the ports after it is refused', () => {
  expect(messageOf(() => readConfig({ PENSTOCK_ADMIN_PORT: '65534' }, folder()))).toContain('65536');
});

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error('expected a refusal');
}
