import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import type { FlowingBody } from '#bus';
import type { FetchOutcome } from './fetch-outcome.js';
import {
  createUpstreamClient,
  type ClientOptions,
  type UpstreamClient,
  type UpstreamRequest,
} from './upstream.client.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const MAX_BODY = 20_000;

const clientOptions = (baseUrl: string): ClientOptions => ({
  baseUrl,
  connections: 1,
  ...{ connectTimeoutMs: 1_000, responseTimeoutMs: 5_000, bodyTimeoutMs: 5_000, maxBodyBytes: MAX_BODY },
  allowPrivateAddresses: true,
  clock: { now: () => performance.now() },
});

async function rig(
  serve: (request: IncomingMessage, response: ServerResponse) => unknown,
  options: Partial<ClientOptions> = {},
): Promise<UpstreamClient> {
  const server = createServer((request, response) => {
    request.on('error', () => undefined);
    void serve(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = createUpstreamClient({ ...clientOptions(baseUrl), ...options });
  closing.unshift(() => client.close());
  return client;
}

const NOTHING = new Uint8Array(0);
const send = (client: UpstreamClient, more: Partial<UpstreamRequest> = {}): Promise<FetchOutcome> =>
  client.send({ method: 'GET', path: '/', fields: [], body: NOTHING, mayLeave: () => true, ...more });
const taking = { takesFlow: (): boolean => true };

type Flowing = NonNullable<Extract<FetchOutcome, { kind: 'answered' }>['flow']>;
function flowOf(outcome: FetchOutcome): Flowing {
  if (outcome.kind !== 'answered' || outcome.flow === undefined)
    throw new Error(`expected an answer that flows, found ${JSON.stringify(outcome)}`);
  return outcome.flow;
}

async function bytesOf(body: FlowingBody): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of body.read()) parts.push(part);
  return Buffer.concat(parts);
}

const LARGE = Buffer.alloc(3 * MAX_BODY, 'large ');

it.each([
  ['announced', { 'Content-Length': String(LARGE.byteLength) }, LARGE.byteLength],
  ['not announced', {}, null],
] as const)('an answer beyond the bound flows to whoever takes it (%s)', async (_, headers, bytes) => {
  const client = await rig((_, response) => response.writeHead(200, headers).end(LARGE));
  const outcome = await send(client, taking);
  expect(outcome).toMatchObject({ kind: 'answered', status: 200, body: NOTHING });
  const flow = flowOf(outcome);
  expect(flow.bytes).toBe(bytes);
  expect((await bytesOf(flow)).equals(LARGE)).toBe(true);
  await flow.over;
  const next = await send(client, taking);
  await bytesOf(flowOf(next));
});

it('where nobody takes it, it ends as soon as it is known to be too large', async () => {
  let written = 0;
  const client = await rig((_, response) => {
    response.writeHead(200, { 'Content-Length': '100000000' });
    const timer = setInterval(() => response.write(Buffer.alloc((written += 1) && 1_000)), 5);
    response.once('close', () => clearInterval(timer));
  });
  expect(await send(client, { takesFlow: () => false })).toMatchObject({ kind: 'failed', code: 'answer_too_large' });
  expect(written).toBeLessThan(15);
});

it('the length of a GET in the answer to a HEAD is that of no body', async () => {
  const client = await rig((_, response) => response.writeHead(200, { 'Content-Length': '100000000' }).end());
  const outcome = await send(client, { ...taking, method: 'HEAD' });
  expect(outcome).toMatchObject({ kind: 'answered', flow: undefined });
});

it('a reader that waits stops the upstream, and its clock; an upstream that waits has timeouts.body', async () => {
  const client = await rig((_, response) => void response.writeHead(200).write(Buffer.alloc(1024 * 1024)), {
    bodyTimeoutMs: 200,
  });
  const flow = flowOf(await send(client, taking));
  const stoppedAt = performance.now();
  await vi.waitUntil(() => performance.now() - stoppedAt > 400);
  let bytes = 0;
  const read = async (): Promise<void> => {
    for await (const part of flow.read()) bytes += part.byteLength;
  };
  await expect(read()).rejects.toMatchObject({ code: 'PENSTOCK_BODY_TIMEOUT' });
  expect(bytes).toBe(1024 * 1024);
});

it('one that is dropped closes the connection to the upstream', async () => {
  let isClosed = false;
  const client = await rig((_, response) => {
    response.once('close', () => (isClosed = true));
    response.writeHead(200).write(LARGE);
  });
  const flow = flowOf(await send(client, taking));
  flow.drop();
  await flow.over;
  await vi.waitUntil(() => isClosed);
});

function upload(
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  bytes: number | null = null,
): FlowingBody & { dropped: boolean } {
  let touched = false;
  return {
    bytes,
    dropped: false,
    isTouched: () => touched,
    async *read() {
      touched = true;
      yield* pieces;
    },
    drop() {
      this.dropped = true;
    },
  };
}

async function takenBy(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of request as AsyncIterable<Buffer>) text += part.toString();
  return text;
}

const PIECES = [Buffer.from('one '), Buffer.from('two '), Buffer.from('three')];

it.each([
  ['content-length', 13],
  ['transfer-encoding', null],
] as const)('a body that flows is sent on as it comes, framed by %s', async (field, bytes) => {
  const client = await rig(async (request, response) => {
    response.end(JSON.stringify([await takenBy(request), request.headers[field]]));
  });
  const outcome = await send(client, { method: 'POST', upload: upload(PIECES, bytes) });
  const said = bytes === null ? 'chunked' : '13';
  expect(outcome.kind === 'answered' && JSON.parse(Buffer.from(outcome.body).toString())).toEqual([
    'one two three',
    said,
  ]);
});

it('a body that breaks off is never ended at the upstream, and says nothing of it', async () => {
  let seen = '';
  const client = await rig(
    (request) =>
      void takenBy(request).then(
        () => (seen = 'whole'),
        () => (seen = 'broken'),
      ),
  );
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('one ');
    throw new Error('the client left');
  }
  expect(await send(client, { method: 'POST', upload: upload(broken()) })).toMatchObject({
    ...{ kind: 'failed', code: 'outcome_unknown', sent: true, abandoned: true },
  });
  await vi.waitUntil(() => seen === 'broken');
});

it('a body that breaks off before its first piece was not sent', async () => {
  const client = await rig((_, response) => response.end('never'));
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield* [];
    throw new Error('the client left');
  }
  expect(await send(client, { method: 'POST', upload: upload(broken()) })).toMatchObject({
    kind: 'failed',
    sent: false,
  });
});

it('what may not leave any more when its first piece is there is not written', async () => {
  const client = await rig((_, response) => response.end('never'));
  let asked = 0;
  const outcome = await send(client, { method: 'POST', upload: upload(PIECES), mayLeave: () => (asked += 1) === 1 });
  expect(outcome).toMatchObject({ kind: 'failed', code: 'holder_away', sent: false });
});

it('a body of which nothing was taken, since there was no connection or no leave, can be sent another time', async () => {
  const client = await rig(async (request, response) => response.end(await takenBy(request)));
  const nowhere = createUpstreamClient(clientOptions('http://127.0.0.1:9'));
  closing.unshift(() => nowhere.close());
  const body = upload(PIECES);
  const posted = { method: 'POST', upload: body };
  expect(await send(nowhere, posted)).toMatchObject({ kind: 'failed', code: 'connection_refused', sent: false });
  expect(await send(client, { ...posted, mayLeave: () => false })).toMatchObject({ code: 'holder_away', sent: false });
  expect([body.dropped, body.isTouched()]).toEqual([false, false]);
  const outcome = await send(client, posted);
  expect(outcome.kind === 'answered' && Buffer.from(outcome.body).toString()).toBe('one two three');
});

it('an answer that comes before the end of the body ends the body', async () => {
  const client = await rig((request, response) => request.once('data', () => response.writeHead(413).end('no')));
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      yield Buffer.alloc(1_000);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
  const body = upload(endless());
  expect(await send(client, { method: 'POST', upload: body })).toMatchObject({ kind: 'answered', status: 413 });
  expect(body.dropped).toBe(true);
});

it('the time for the answer begins with the end of the body', async () => {
  const client = await rig(
    async (request, response) => {
      await takenBy(request);
      response.end('fine');
    },
    { responseTimeoutMs: 150 },
  );
  async function* slow(): AsyncGenerator<Uint8Array> {
    for (const part of PIECES) {
      yield part;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  expect(await send(client, { method: 'POST', upload: upload(slow()) })).toMatchObject({ kind: 'answered' });
});

it('a GET whose body flowed is not sent again over a fresh connection', async () => {
  let calls = 0;
  const client = await rig((request, response) => {
    if ((calls += 1) === 1) response.end('kept');
    else request.once('data', () => request.socket.destroy());
  });
  await send(client);
  expect(await send(client, { upload: upload(PIECES) })).toMatchObject({ kind: 'failed', sent: true });
  expect(calls).toBe(2);
});
