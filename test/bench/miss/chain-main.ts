// The bare chain: what a miss cannot do without. Two processes of this program: `front` takes HTTP and asks by NATS, `back` asks the
// upstream and replies. No cache, no key, no limit, no store.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { Pool } from 'undici';
import { decodeFrame, encodeFrame } from '#contracts';

export interface ChainOrder {
  role: 'front' | 'back';
  natsUrl: string;
  upstreamUrl: string;
  connections: number;
}
export interface ChainReport {
  /** Of the front; 0 of the back. */
  port: number;
}

interface Head {
  status: number;
  fields: string[];
}

const SUBJECT = 'bare.chain';
const TIMEOUT_MS = 15_000;

async function openBack(nc: NatsConnection, { upstreamUrl, connections }: ChainOrder): Promise<number> {
  const pool = new Pool(upstreamUrl, { connections });
  nc.subscribe(SUBJECT, {
    callback: (_, message) => {
      void (async () => {
        const { statusCode, headers, body } = await pool.request({ path: message.string(), method: 'GET' });
        const fields = Object.entries(headers).flatMap(([name, value]) => [name, String(value)]);
        const head: Head = { status: statusCode, fields };
        message.respond(encodeFrame(head, new Uint8Array(await body.arrayBuffer())));
      })();
    },
  });
  await nc.flush();
  return 0;
}

function openFront(nc: NatsConnection): Promise<number> {
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    void (async () => {
      const reply = await nc.request(SUBJECT, request.url ?? '/', { timeout: TIMEOUT_MS });
      const { head, body } = decodeFrame<Head>(reply.data);
      response.writeHead(head.status, head.fields);
      response.end(body);
    })();
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

process.once('message', (order: ChainOrder) => {
  void (async () => {
    // As Penstock's own connections: a stack trace for each request costs more than the request.
    const nc = await connect({ servers: new URL(order.natsUrl).host, noAsyncTraces: true });
    const port = order.role === 'back' ? await openBack(nc, order) : await openFront(nc);
    process.send?.({ port } satisfies ChainReport);
  })();
});
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
