// The upstream of this bench, in a process of its own: each answer takes the same time, and says how long it took in truth.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TOOK_FIELD } from './took-field.js';

export interface UpstreamOrder {
  answerMs: number;
  bodyBytes: number;
}
export type UpstreamMessage = { kind: 'open'; order: UpstreamOrder } | { kind: 'count' };
export type UpstreamReport = { kind: 'open'; port: number } | { kind: 'counted'; calls: number };

const report = (message: UpstreamReport): void => void process.send?.(message);
let calls = 0;

function open({ answerMs, bodyBytes }: UpstreamOrder): void {
  const filler = JSON.stringify({ text: 'x'.repeat(bodyBytes) });
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const readMs = performance.now();
    calls += 1;
    const etag = `"${calls}"`;
    setTimeout(() => {
      const took = Math.round((performance.now() - readMs) * 1000);
      response.writeHead(200, {
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(filler),
        'Cache-Control': 'max-age=600',
        ETag: etag,
        [TOOK_FIELD]: took,
      });
      response.end(filler);
    }, answerMs);
    request.resume();
  });
  server.listen(0, '127.0.0.1', () => report({ kind: 'open', port: (server.address() as AddressInfo).port }));
}

process.on('message', (message: UpstreamMessage) => {
  if (message.kind === 'open') open(message.order);
  else report({ kind: 'counted', calls });
});
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
