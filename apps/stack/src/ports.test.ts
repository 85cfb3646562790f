import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { readConfig } from './config.js';
import { freePort, requirePorts, whyNotFree } from './ports.js';

async function occupy(port: number): Promise<() => Promise<unknown>> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return () => new Promise((resolve) => server.close(resolve));
}

async function freeConfig(): Promise<ReturnType<typeof readConfig>> {
  const [data, admin, demo] = [await freePort(), await freePort(), await freePort()];
  const env = { PENSTOCK_PORT: `${data}`, PENSTOCK_ADMIN_PORT: `${admin}`, PENSTOCK_DEMO_PORT: `${demo}` };
  return readConfig(env, tmpdir());
}

test('a taken port is told with its use, its variable and a way out', async () => {
  const config = await freeConfig();
  const leave = await occupy(config.ports.refresher);
  const refusal = await requirePorts(config, 0).catch((error: unknown) => error);
  await leave();
  expect(refusal).toMatchObject({
    code: 'port-taken',
    message: expect.stringContaining(
      `port ${config.ports.refresher} on 127.0.0.1 (refresher, PENSTOCK_ADMIN_PORT + 2)`,
    ) as string,
    advice: expect.stringContaining('PENSTOCK_DATA_DIR=.penstock-2 npm start') as string,
  });
});

test('the ports of a stack that is ending are waited for', async () => {
  const config = await freeConfig();
  const leave = await occupy(config.ports.data);
  const asked = requirePorts(config, 5_000);
  await leave();
  await expect(asked).resolves.toBeUndefined();
});

test('an address that this machine does not have is told apart from a taken port', async () => {
  expect(await whyNotFree(await freePort(), '192.0.2.1')).toBe('EADDRNOTAVAIL');
});

test('a chosen port is outside of what the system gives to outgoing connections', async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, () => freePort()));
  expect(new Set(ports).size).toBe(20);
  for (const port of ports) expect(port).toBeLessThan(32_768);
});
