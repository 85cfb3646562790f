import type { IncomingMessage } from 'node:http';
import type { FlowingBody } from '#bus';
import { BodyBroken, BodyStalled, RequestPieces } from './request-pieces.js';

export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';
  readonly code = 'request_too_large';
}

export interface BodyLimits {
  readonly maxBytes: number;
  /** Longest silence of the client between two pieces. */
  readonly idleMs: number;
}

/**
 * So much of a body is there before its call is queued: a client that sends slowly holds neither a slot nor a token meanwhile. What is no
 * larger is kept whole, and can be sent again.
 */
const KEPT_WHOLE_BYTES = 1024 * 1024;
/** For all of that: a byte now and then would hold a connection for ever. */
const FIRST_PART_MS = 300_000;

/**
 * The whole body, or, where it is larger than is kept, the body as it comes.
 * @throws BodyTooLarge as soon as that is known, by Content-Length or by what has come; BodyStalled, BodyBroken
 */
export async function receive(request: IncomingMessage, limits: BodyLimits): Promise<Uint8Array | ClientUpload> {
  const announced = request.headers['content-length'];
  const bytes = announced === undefined ? null : Number(announced);
  if ((bytes ?? 0) > limits.maxBytes) throw new BodyTooLarge();
  const pieces = new RequestPieces(request);
  const tooLate = setTimeout(
    () => pieces.stop(new BodyStalled('the first part of the body took too long')),
    FIRST_PART_MS,
  );
  try {
    const first = await gather(pieces, limits);
    if (first.isWhole) return first.pieces.length === 1 ? (first.pieces[0] as Buffer) : Buffer.concat(first.pieces);
    return new ClientUpload({ bytes, first: first.pieces, rest: pieces, limits });
  } catch (error) {
    pieces.stop();
    throw error;
  } finally {
    clearTimeout(tooLate);
  }
}

async function gather(
  pieces: RequestPieces,
  { maxBytes, idleMs }: BodyLimits,
): Promise<{ pieces: Buffer[]; isWhole: boolean }> {
  const gathered: Buffer[] = [];
  let bytes = 0;
  while (bytes <= KEPT_WHOLE_BYTES) {
    const piece = await pieces.next(idleMs);
    if (piece === null) return { pieces: gathered, isWhole: true };
    bytes += piece.byteLength;
    if (bytes > maxBytes) throw new BodyTooLarge();
    gathered.push(piece);
  }
  return { pieces: gathered, isWhole: false };
}

interface UploadParts {
  /** By Content-Length. */
  readonly bytes: number | null;
  readonly first: Buffer[];
  readonly rest: RequestPieces;
  readonly limits: BodyLimits;
}

/** A body that is still coming from its client. */
export class ClientUpload implements FlowingBody {
  readonly bytes: number | null;
  /** Why it broke off, where its client is to be told. */
  fault: 'too-large' | 'stalled' | null = null;
  private touched = false;
  private dropped = false;

  constructor(private readonly parts: UploadParts) {
    this.bytes = parts.bytes;
  }

  isTouched(): boolean {
    return this.touched;
  }

  async *read(): AsyncGenerator<Uint8Array, void, undefined> {
    this.touched = true;
    const { first, rest, limits } = this.parts;
    let bytes = 0;
    try {
      for (let piece = first.shift(); piece !== undefined; piece = first.shift()) {
        bytes += piece.byteLength;
        yield this.wanted(piece);
      }
      for (let piece = await rest.next(limits.idleMs); piece !== null; piece = await rest.next(limits.idleMs)) {
        bytes += piece.byteLength;
        if (bytes > limits.maxBytes) throw new BodyTooLarge('the body is larger than maxRequestBody');
        yield this.wanted(piece);
      }
    } catch (error) {
      this.fault = faultOf(error);
      throw error;
    } finally {
      rest.stop();
    }
  }

  drop(): void {
    this.dropped = true;
    this.parts.first.length = 0;
    this.parts.rest.stop();
  }

  private wanted(piece: Buffer): Buffer {
    if (this.dropped) throw new BodyBroken('nobody wants the rest of the body');
    return piece;
  }
}

function faultOf(error: unknown): ClientUpload['fault'] {
  if (error instanceof BodyTooLarge) return 'too-large';
  return error instanceof BodyStalled ? 'stalled' : null;
}

const LONGEST_DRAIN_MS = 5_000;

/** Reads on without keeping: a client that is still sending would not read the answer, and a closed socket would take it away. */
export function drain(request: IncomingMessage): void {
  const giveUp = setTimeout(() => request.destroy(), LONGEST_DRAIN_MS);
  request.once('close', () => clearTimeout(giveUp));
  request.once('end', () => clearTimeout(giveUp));
  request.resume();
}
