import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface UpstreamCall {
  readonly method: string;
  /** As it came, with the query. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  /** How many came for this target before, this one included. */
  readonly nth: number;
}

export type Handler = (call: UpstreamCall, response: ServerResponse) => unknown;

/** An upstream of a test's own, over real HTTP: says what the test wants said, and remembers what it was asked. */
export interface OwnUpstream {
  readonly url: string;
  readonly calls: readonly UpstreamCall[];
  callsAt(target: string): readonly UpstreamCall[];
  /** For targets that begin so, the latest first. */
  on(prefix: string, handler: Handler): void;
  close(): Promise<void>;
}

export async function startOwnUpstream(): Promise<OwnUpstream> {
  const calls: UpstreamCall[] = [];
  const handlers: { prefix: string; handler: Handler }[] = [];
  const callsAt = (target: string): UpstreamCall[] => calls.filter((call) => call.target === target);
  const server = createServer({ maxHeaderSize: 128 * 1024 }, (request, response) => {
    void bodyOf(request).then(async (body) => {
      const { method = '', url: target = '', headers, rawHeaders } = request;
      const call = { method, target, headers, rawHeaders, body, nth: callsAt(target).length + 1 };
      calls.push(call);
      const found = handlers.findLast(({ prefix }) => target.startsWith(prefix));
      if (found === undefined) response.writeHead(404).end();
      else await found.handler(call, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    callsAt,
    on: (prefix, handler) => void handlers.push({ prefix, handler }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
