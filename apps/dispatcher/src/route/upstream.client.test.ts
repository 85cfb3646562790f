import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { createUpstreamClient, type ClientOptions, type UpstreamClient } from '../upstream.client.js';

/** Its own CA, for 127.0.0.1 and localhost; good for nothing but these tests. */
const CERT = `-----BEGIN CERTIFICATE-----
MIIBmjCCAT+gAwIBAgIUS0YSV8QbLE02cXrk4m8cj6AMBZUwCgYIKoZIzj0EAwIw
EzERMA8GA1UEAwwIbG9vcGJhY2swIBcNMjYxMTI0MTAxMzA3WhgPMjEyNjEwMzEx
MDEzMDdaMBMxETAPBgNVBAMMCGxvb3BiYWNrMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAE3bRIRLCtUlp9cmQjd8BBW5cPtfW02LUOY8AHsxco2RCyzF4hJtqTa34g
rnRK0fiQW2R6oFejkMtIBK0AVjOb6qNvMG0wHQYDVR0OBBYEFIXYDbT7lplrwrHB
8ltJlkMKcW9iMB8GA1UdIwQYMBaAFIXYDbT7lplrwrHB8ltJlkMKcW9iMA8GA1Ud
EwEB/wQFMAMBAf8wGgYDVR0RBBMwEYcEfwAAAYIJbG9jYWxob3N0MAoGCCqGSM49
BAMCA0kAMEYCIQDM5nwm8VFL3wjOrGUe8eqvJ3Xg8pH7foq8M0PhSPTFJQIhAIfM
FD/wAT1QLhOMWR9zt8Dodd0Jpqllp/HSSJwxCgVb
-----END CERTIFICATE-----`;
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgfmyhtYr+SqzyYcyu
zJYzGUhlNEQO1MU1J++SI1cF9QGhRANCAATdtEhEsK1SWn1yZCN3wEFblw+19bTY
tQ5jwAezFyjZELLMXiEm2pNrfiCudErR+JBbZHqgV6OQy0gErQBWM5vq
-----END PRIVATE KEY-----`;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function listening(server: Server): Promise<number> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => open.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function clientOf(options: Partial<ClientOptions> & { baseUrl: string }): UpstreamClient {
  const client = createUpstreamClient({
    connections: 1,
    connectTimeoutMs: 1_000,
    responseTimeoutMs: 2_000,
    bodyTimeoutMs: 2_000,
    maxBodyBytes: 1_000,
    allowPrivateAddresses: true,
    clock: { now: () => performance.now() },
    ...options,
  });
  closing.unshift(() => client.close());
  return client;
}

const get = (client: UpstreamClient, path = '/x/../y?q=%2F'): ReturnType<UpstreamClient['send']> =>
  client.send({
    method: 'GET',
    path,
    fields: [
      ['X-A', '1'],
      ['X-A', '2'],
    ],
    body: new Uint8Array(0),
    mayLeave: () => true,
  });

async function secureUpstream(): Promise<{ port: number; seen: string[] }> {
  const seen: string[] = [];
  const server = createHttpsServer({ cert: CERT, key: KEY }, (request, response) => {
    seen.push(`${request.url} ${request.headers.host}`);
    response.end('{}');
  });
  return { port: await listening(server), seen };
}

/** A forward proxy: tunnels for those who know the password, where it has a rule for the target. */
async function proxy(
  options: { password?: string; refuses?: boolean } = {},
): Promise<{ port: number; seen: string[] }> {
  const seen: string[] = [];
  const wanted = options.password && `Basic ${Buffer.from(`user:${options.password}`).toString('base64')}`;
  const server: Server = createHttpServer((request, response) => {
    seen.push(
      `${request.method} ${request.url} ${request.headers.host} ${request.rawHeaders.filter((part) => part === 'X-A').length}`,
    );
    response.statusCode = wanted !== undefined && request.headers['proxy-authorization'] !== wanted ? 407 : 200;
    response.end('from the proxy');
  }).on('connect', (request, socket) => {
    seen.push(`CONNECT ${request.url}`);
    if (wanted !== undefined && request.headers['proxy-authorization'] !== wanted)
      return void socket.end('HTTP/1.1 407 Who\r\n\r\n');
    if (options.refuses === true) return void socket.end('HTTP/1.1 403 No\r\n\r\n');
    const [host, port] = (request.url ?? '').split(':');
    const onward = connect(Number(port), host, () => socket.write('HTTP/1.1 200 Connected\r\n\r\n'));
    onward.pipe(socket).pipe(onward);
    for (const end of [onward, socket])
      end.on('error', () => undefined).on('close', () => [onward, socket].map((other) => other.destroy()));
  });
  return { port: await listening(server), seen };
}

it('an upstream whose certificate is signed by the CA of the configuration is believed', async () => {
  const { port } = await secureUpstream();
  expect(await get(clientOf({ baseUrl: `https://127.0.0.1:${port}`, ca: CERT }))).toMatchObject({
    kind: 'answered',
    status: 200,
  });
});

it('one that is not is sent nothing, and the failure names the key', async () => {
  const { port, seen } = await secureUpstream();
  const outcome = await get(clientOf({ baseUrl: `https://127.0.0.1:${port}` }));
  expect(outcome).toMatchObject({
    kind: 'failed',
    code: 'connection_refused',
    sent: false,
    detail: expect.stringContaining('tls.ca'),
  });
  expect(seen).toEqual([]);
});

it('an https upstream is reached through a tunnel, which is kept', async () => {
  const upstream = await secureUpstream();
  const { port, seen } = await proxy({ password: 'p@ss:word' });
  const client = clientOf({
    baseUrl: `https://127.0.0.1:${upstream.port}`,
    ca: CERT,
    proxy: `http://user:p%40ss%3Aword@127.0.0.1:${port}`,
  });
  expect(await get(client)).toMatchObject({ kind: 'answered', status: 200 });
  expect(await get(client, '/z')).toMatchObject({ kind: 'answered', status: 200 });
  expect(seen).toEqual([`CONNECT 127.0.0.1:${upstream.port}`]);
  expect(upstream.seen).toEqual([`/x/../y?q=%2F 127.0.0.1:${upstream.port}`, `/z 127.0.0.1:${upstream.port}`]);
});

it('the certificate is checked behind the proxy, too', async () => {
  const upstream = await secureUpstream();
  const { port } = await proxy();
  const outcome = await get(
    clientOf({ baseUrl: `https://127.0.0.1:${upstream.port}`, proxy: `http://127.0.0.1:${port}` }),
  );
  expect(outcome).toMatchObject({ kind: 'failed', sent: false, detail: expect.stringContaining('tls.ca') });
});

it('an http upstream is asked of the proxy by its whole URL, fields as they were', async () => {
  const { port, seen } = await proxy({ password: 'secret' });
  const client = clientOf({ baseUrl: 'http://crm.invalid/v2', proxy: `http://user:secret@127.0.0.1:${port}` });
  expect(await get(client)).toMatchObject({ kind: 'answered', status: 200 });
  expect(seen).toEqual(['GET http://crm.invalid/v2/x/../y?q=%2F crm.invalid 2']);
});

it.each(['http://crm.invalid', 'https://crm.invalid'])(
  'a proxy that wants a password is told as such: %s',
  async (baseUrl) => {
    const { port } = await proxy({ password: 'secret' });
    expect(await get(clientOf({ baseUrl, proxy: `http://127.0.0.1:${port}` }))).toMatchObject({
      kind: 'failed',
      code: 'connection_refused',
      sent: false,
      detail: expect.stringContaining('key proxy'),
    });
  },
);

it('a proxy that refuses the upstream is told as such', async () => {
  const { port } = await proxy({ refuses: true });
  expect(await get(clientOf({ baseUrl: 'https://crm.invalid', proxy: `http://127.0.0.1:${port}` }))).toMatchObject({
    kind: 'failed',
    sent: false,
    detail: expect.stringContaining('would not connect'),
  });
});

it.each(['http://crm.invalid', 'https://crm.invalid'])('a proxy that is away is told as such: %s', async (baseUrl) => {
  const server = createHttpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  expect(await get(clientOf({ baseUrl, proxy: `http://127.0.0.1:${port}` }))).toMatchObject({
    kind: 'failed',
    code: 'connection_refused',
    sent: false,
    detail: expect.stringContaining('the proxy of the upstream cannot be reached'),
  });
});

it('a proxy that never answers has timeouts.connect', async () => {
  const server = createHttpServer().on('connect', () => undefined);
  const port = await listening(server);
  const client = clientOf({ baseUrl: 'https://crm.invalid', proxy: `http://127.0.0.1:${port}`, connectTimeoutMs: 300 });
  expect(await get(client)).toMatchObject({ kind: 'failed', code: 'connection_timeout', sent: false });
});
