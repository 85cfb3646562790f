import { createHash, randomBytes } from 'node:crypto';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Writable } from 'node:stream';

export const MIB = 1024 * 1024;
const BLOCK = randomBytes(MIB + 7);

/** The same for everyone, and different at every offset that matters: blocks are of no round size. */
export function* pieces(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= BLOCK.byteLength) yield BLOCK.subarray(0, Math.min(left, BLOCK.byteLength));
}

export function hashOf(bytes: number): string {
  const hash = createHash('sha256');
  for (const piece of pieces(bytes)) hash.update(piece);
  return hash.digest('hex');
}

/** How much of a body came, and what it was. */
export interface Received {
  readonly bytes: number;
  readonly hash: string;
}

/** Reads as fast as it comes, and keeps nothing. */
export async function receive(
  incoming: IncomingMessage,
  onBytes: (bytes: number) => void = () => undefined,
): Promise<Received> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of incoming as AsyncIterable<Buffer>) {
    hash.update(piece);
    bytes += piece.byteLength;
    onBytes(bytes);
  }
  return { bytes, hash: hash.digest('hex') };
}

/** Writes no faster than the other end reads, until all is written or the other end has gone. */
export async function pour(
  into: Writable,
  bytes: number,
  onBytes: (bytes: number) => void = () => undefined,
): Promise<void> {
  let written = 0;
  for (const piece of pieces(bytes)) {
    if (into.destroyed) return;
    const goesOn = into.write(piece);
    onBytes((written += piece.byteLength));
    if (!goesOn) await roomIn(into);
  }
}

function roomIn(into: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      into.off('drain', done).off('close', done);
      resolve();
    };
    into.on('drain', done).on('close', done);
  });
}

export type Serve = (request: IncomingMessage, response: ServerResponse) => unknown;

/** An upstream that reads and writes as a test says, piece by piece. */
export interface FlowingUpstream {
  readonly url: string;
  /** How often a path was asked for. */
  callsAt(path: string): number;
  on(path: string, serve: Serve): void;
  close(): Promise<void>;
}

export async function startFlowingUpstream(): Promise<FlowingUpstream> {
  const serving = new Map<string, Serve>();
  const calls = new Map<string, number>();
  const server = createServer({ requestTimeout: 0 }, (incoming, response) => {
    const path = incoming.url ?? '';
    calls.set(path, (calls.get(path) ?? 0) + 1);
    incoming.on('error', () => undefined);
    const serve = serving.get(path);
    if (serve === undefined) response.writeHead(404).end();
    else void serve(incoming, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    callsAt: (path) => calls.get(path) ?? 0,
    on: (path, serve) => void serving.set(path, serve),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export interface Head {
  readonly incoming: IncomingMessage;
  readonly status: number;
  field(name: string): string | undefined;
  /** The client goes away. */
  leave(): void;
}

export interface Sending {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  /** Writes the body; the request is ended after it. Absent: none. */
  readonly body?: (out: Writable) => Promise<unknown>;
}

/** Asks, and hands back the head as soon as it is there, with the body unread. */
export function open(
  origin: string,
  path: string,
  { method = 'GET', headers = {}, body }: Sending = {},
): Promise<Head> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const out = request({ hostname, port, path, method, headers, agent: false }, (incoming) =>
      resolve({
        incoming,
        status: incoming.statusCode ?? 0,
        field: (name) => incoming.headers[name] as string | undefined,
        leave: () => out.destroy(),
      }),
    );
    out.on('error', reject);
    if (body === undefined) out.end();
    else void body(out).then(() => out.end());
  });
}
