import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createUpstreamClient, type UpstreamClient } from './upstream.client.js';

let server: Server;
let client: UpstreamClient;
const seen: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push(request.url ?? '');
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = createUpstreamClient({
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: 1,
    connectTimeoutMs: 1_000,
    responseTimeoutMs: 1_000,
    bodyTimeoutMs: 1_000,
    maxBodyBytes: 1_000,
    allowPrivateAddresses: true,
    clock: { now: () => 0 },
  });
});
afterAll(async () => {
  await client.close();
  server.close();
});

function send(path: string, mayLeave: () => boolean): ReturnType<UpstreamClient['send']> {
  return client.send({ method: 'GET', path, fields: [], body: new Uint8Array(0), mayLeave });
}

it('what may not leave any more once there is a connection is not written, and is known not to have been sent', async () => {
  let asked = 0;
  const late = send('/late', () => (asked += 1) === 0);
  expect(await late).toMatchObject({ kind: 'failed', code: 'holder_away', sent: false });
  expect(asked).toBe(1);
  expect(await send('/next', () => true)).toMatchObject({ kind: 'answered', status: 200 });
  expect(seen).toEqual(['/next']);
});
