import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { inherited } from '../../apps/stack/src/config.js';
import { freePort } from '../../apps/stack/src/ports.js';
import { builtEntry } from '../../apps/stack/src/services.js';
import { freshDatabase, freshNamespace, testServers } from '../support/servers.js';
import { ask } from './asking.js';
import { openStack, type OpenStack } from './open-stack.js';

const good = `
upstreams:
  demo: { baseUrl: "http://127.0.0.1:1" }
`;

let postgresUrl: string;
beforeAll(async () => {
  postgresUrl = await freshDatabase('start-up');
});

interface Ended {
  code: number | null;
  /** What the last line says. */
  message: string;
}

/** One start that is expected to fail. */
async function start(app: string, env: Record<string, string | undefined>, config = good): Promise<Ended> {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-start-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const configFile = join(folder, 'penstock.yaml');
  writeFileSync(configFile, config);
  const ports = { PENSTOCK_PORT: String(await freePort()), PENSTOCK_ADMIN_PORT: String(await freePort()) };
  const servers = { PENSTOCK_POSTGRES_URL: postgresUrl, PENSTOCK_NATS_URL: testServers().natsUrl };
  const own = { PENSTOCK_CONFIG: configFile, PENSTOCK_NAMESPACE: freshNamespace(), ...ports, ...servers, ...env };
  const child = spawn(process.execPath, [builtEntry(app)], { env: { ...inherited, ...own } });
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => void (text += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  const last = JSON.parse(text.trim().split('\n').at(-1) ?? '') as { msg: string; err?: { message: string } };
  return { code, message: `${last.msg}\n${last.err?.message ?? ''}` };
}

test('every fault of a configuration is told in one message, with what was expected and the nearest key', async () => {
  const { code, message } = await start(
    'cache-api',
    {},
    `
upstreams:
  crm:
    baseUrl: ftp://api.crm.example
    limit: { concurrency: 16 }
    timeouts: { response: soon }
`,
  );
  expect(code).toBe(1);
  expect(message).toContain('3 faults');
  expect(message).toMatch(/upstreams\.crm\.baseUrl[^]*upstreams\.crm\.limit[^]*did you mean limits\?/);
  expect(message).toMatch(/upstreams\.crm\.timeouts\.response[^]*expected[^]*found/);
});

test('what is no YAML is told with its line', async () => {
  const { code, message } = await start('cache-api', {}, 'upstreams:\n  demo: { baseUrl: "x"\n');
  expect(code).toBe(1);
  expect(message).toMatch(/line \d/);
});

test('a configuration that is not there is told with its path', async () => {
  const { code, message } = await start('cache-api', { PENSTOCK_CONFIG: '/nowhere/penstock.yaml' });
  expect(code).toBe(1);
  expect(message).toContain('/nowhere/penstock.yaml');
});

test('a variable that a reference names and that is not set is told by name', async () => {
  const { code, message } = await start(
    'cache-api',
    {},
    'upstreams: { demo: { baseUrl: "http://127.0.0.1:1", credentials: { header: Authorization, value: "Bearer ${CRM_TOKEN_NOT_SET}" } } }',
  );
  expect(code).toBe(1);
  expect(message).toContain('expected the environment variable CRM_TOKEN_NOT_SET to be set');
});

test.each(['cache-api', 'scheduler', 'refresher', 'dispatcher'])(
  '%s refuses to start where others can reach it and no token guards it',
  async (app) => {
    const { code, message } = await start(app, { PENSTOCK_HOST: '0.0.0.0' });
    expect(code).toBe(1);
    expect(message).toContain('PENSTOCK_ADMIN_TOKEN is not set; set it, or bind to 127.0.0.1');
  },
);

test('the data plane too refuses to lend its credentials to whoever reaches it', async () => {
  const { code, message } = await start('cache-api', { PENSTOCK_HOST: '0.0.0.0', PENSTOCK_ADMIN_TOKEN: 'x' });
  expect(code).toBe(1);
  expect(message).toContain(
    'PENSTOCK_ACCESS_TOKEN is not set; set it, or say dataPlane: { requireAccessToken: false }',
  );
});

test('every fault of the environment is told in one message', async () => {
  const { code, message } = await start('dispatcher', { PENSTOCK_NATS_URL: undefined, PENSTOCK_OPS_PORT: 'many' });
  expect(code).toBe(1);
  expect(message).toMatch(/PENSTOCK_OPS_PORT: expected a port number[^]*found "many"/);
  expect(message).toMatch(/PENSTOCK_NATS_URL: expected a URL/);
});

describe('with tokens', () => {
  const config = `
upstreams:
  demo:
    baseUrl: http://127.0.0.1:\${PENSTOCK_DEMO_PORT}
`;
  let stack: OpenStack;
  beforeAll(async () => {
    const env = { PENSTOCK_ADMIN_TOKEN: 'admin-token', PENSTOCK_ACCESS_TOKEN: 'access-token' };
    stack = await openStack('tokens', { config, env, replicas: { scheduler: 0, refresher: 0 } });
  });
  afterAll(() => stack.stop());

  test('the data plane is 407 without its token, and serves with it', async () => {
    const without = await ask(stack.dataUrl, '/demo/items/1');
    expect(without.status).toBe(407);
    expect(without.json()).toMatchObject({ type: 'urn:penstock:access_token_required' });
    expect(without.field('Proxy-Authenticate')).toMatch(/^Bearer/);
    const wrong = await ask(stack.dataUrl, '/demo/items/1', { headers: { 'Proxy-Authorization': 'Bearer other' } });
    expect(wrong.status).toBe(407);
    const right = { headers: { 'Proxy-Authorization': 'Bearer access-token' } };
    expect((await ask(stack.dataUrl, '/demo/items/1', right)).status).toBe(200);
    const echoed = (await ask(stack.dataUrl, '/demo/echo', right)).text;
    expect(echoed).not.toContain('access-token');
  });

  test('the control plane is 401 without its token, and serves with it', async () => {
    const without = await ask(stack.adminUrl, '/v1/upstreams');
    expect(without.status).toBe(401);
    expect(without.json()).toMatchObject({ type: 'urn:penstock:admin_token_required' });
    const right = { Authorization: 'Bearer admin-token', Host: 'penstock.example' };
    expect((await ask(stack.adminUrl, '/v1/upstreams', { headers: right })).status).toBe(200);
    expect((await ask(stack.adminUrl, '/metrics')).status).toBe(401);
  });

  test('probes of an orchestrator need no token', async () => {
    expect((await ask(stack.adminUrl, '/health/live')).status).toBe(200);
    expect((await ask(stack.adminUrl, '/health/ready')).status).toBe(200);
  });
});
