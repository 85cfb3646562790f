import { Agent, request } from 'node:http';
import { pairsOf } from './scripted-upstream.js';

export interface Received {
  readonly status: number;
  readonly fields: readonly (readonly [string, string])[];
  readonly body: string;
}

export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly fields: readonly (readonly [string, string])[];
  readonly body: string | undefined;
}

const agent = new Agent({ keepAlive: true });

/** Adds nothing but Host, Connection and the length of a body; follows and decodes nothing. */
export function send(origin: string, { method, path, fields, body }: Sent): Promise<Received> {
  const { hostname, port, host } = new URL(origin);
  const length = body === undefined ? [] : [['Content-Length', String(Buffer.byteLength(body))]];
  const headers = [['Host', host], ...length, ...fields].flat();
  return new Promise((resolve, reject) => {
    const out = request({ hostname, port, path, method, headers, agent }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.once('error', reject);
      incoming.once('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          fields: pairsOf(incoming.rawHeaders),
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    out.once('error', reject);
    out.end(body);
  });
}
