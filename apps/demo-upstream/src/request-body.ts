import type { IncomingMessage } from 'node:http';
import { NO_BODY } from './answer.js';

const MAX_REQUEST_BYTES = 32 * 1024 * 1024;

/** Undefined: larger than 32 MiB. Never called when the request is cut: there is nobody to answer. */
export function readBody(request: IncomingMessage, done: (body: Buffer | undefined) => void): void {
  const hasBody = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
  if (!hasBody) return done(NO_BODY);
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MAX_REQUEST_BYTES) chunks.push(chunk);
  });
  request.on('end', () => done(bytes <= MAX_REQUEST_BYTES ? Buffer.concat(chunks) : undefined));
}
