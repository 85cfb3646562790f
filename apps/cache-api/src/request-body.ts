import type { IncomingMessage } from 'node:http';

export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';
  readonly code = 'request_too_large';
}

/** @throws BodyTooLarge as soon as that is known, by Content-Length or by what has come. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw new BodyTooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Not to be destroyed when we stop reading: the answer has to go out on the same socket.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new BodyTooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

const LONGEST_DRAIN_MS = 5_000;

/** Reads on without keeping: a client that is still sending would not read the answer, and a closed socket would take it away. */
export function drain(request: IncomingMessage): void {
  const giveUp = setTimeout(() => request.destroy(), LONGEST_DRAIN_MS);
  request.once('close', () => clearTimeout(giveUp));
  request.once('end', () => clearTimeout(giveUp));
  request.resume();
}
