import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { sequence } from '../bench/story/chance.js';

/** Longest times, each drawn anew for every call. */
export interface Pace {
  readonly seed: number;
  /** From the arrival of a read to the look at the counter, and from that to the answer: what is answered may be long outdated. */
  readonly beforeReadMs: number;
  readonly afterReadMs: number;
  readonly beforeWriteMs: number;
  readonly afterWriteMs: number;
}

/** An upstream that keeps a counter for each resource: a write adds one and answers with the sum, a read answers with the sum. */
export interface CountingUpstream {
  readonly url: string;
  pace(pace: Pace): void;
  /** Reads that looked before a write and were answered after it. */
  overtakenReads(): number;
  /** The `Authorization` of the last call. */
  lastCaller(): string;
  close(): Promise<void>;
}

export async function startCountingUpstream(): Promise<CountingUpstream> {
  const counters = new Map<string, number>();
  let limits: Pace = { seed: 1, beforeReadMs: 0, afterReadMs: 0, beforeWriteMs: 0, afterWriteMs: 0 };
  let chance = sequence(limits.seed);
  let overtaken = 0;
  let caller = '';
  const upTo = (mostMs: number): Promise<void> => sleep(mostMs * chance());
  const count = (path: string): number => counters.get(path) ?? 0;

  const read = async (path: string, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    await upTo(limits.beforeReadMs);
    const value = count(path);
    await upTo(limits.afterReadMs);
    if (count(path) > value) overtaken += 1;
    const etag = `"${value}"`;
    const fields = { 'Cache-Control': 'max-age=60', ETag: etag };
    if (request.headers['if-none-match'] === etag) response.writeHead(304, fields).end();
    else response.writeHead(200, fields).end(JSON.stringify({ value }));
  };
  const write = async (path: string, response: ServerResponse): Promise<void> => {
    await upTo(limits.beforeWriteMs);
    const value = count(path) + 1;
    counters.set(path, value);
    await upTo(limits.afterWriteMs);
    response.writeHead(200).end(JSON.stringify({ value }));
  };

  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    caller = request.headers.authorization ?? '';
    request.resume();
    void (request.method === 'GET' ? read(path, request, response) : write(path, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    pace(pace) {
      limits = pace;
      chance = sequence(pace.seed);
    },
    overtakenReads: () => overtaken,
    lastCaller: () => caller,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
