import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Tapped {
  /** Epoch ms. */
  readonly at: number;
  /** Which dispatcher it came from: each has a credential of its own. */
  readonly from: string;
  readonly method: string;
  readonly path: string;
}

/** An upstream that notes who calls it and when, which no other judge can tell apart. Each call is answered after a while. */
export interface Tap {
  readonly port: number;
  readonly calls: readonly Tapped[];
  /** How often each POST came, by its X-Call-Id. */
  posts(): Record<string, { seen: number }>;
  close(): Promise<void>;
}

const ANSWERED_AFTER_MS = 30;

export async function startTap(): Promise<Tap> {
  const calls: Tapped[] = [];
  const seen: Record<string, { seen: number }> = {};
  const server = createServer((request, response) => {
    const { method = '', url: path = '' } = request;
    calls.push({ at: Date.now(), from: request.headers.authorization ?? '', method, path });
    const id = idOf(request);
    if (id !== undefined) seen[id] = { seen: (seen[id]?.seen ?? 0) + 1 };
    request.resume();
    setTimeout(() => {
      response.writeHead(method === 'POST' ? 201 : 200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ path, n: calls.length }));
    }, ANSWERED_AFTER_MS);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    calls,
    posts: () => seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function idOf({ method, headers }: IncomingMessage): string | undefined {
  const id = headers['x-call-id'];
  return method === 'POST' && typeof id === 'string' ? id : undefined;
}
