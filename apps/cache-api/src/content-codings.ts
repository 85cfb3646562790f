import { Readable, pipeline } from 'node:stream';
import type { Duplex } from 'node:stream';
import * as zlib from 'node:zlib';
import { LRUCache } from 'lru-cache';
import { codingOf, entryInIdentity, fieldsInIdentity, fieldValue, parseCacheControl, takesCoding } from '#core';
import type { Fields } from '#core';
import type { FlowingBody } from '#bus';
import type { HeldEntry } from './entry-map.js';

type Undo = (
  body: Uint8Array,
  options: { readonly maxOutputLength: number },
  done: (error: Error | null, undone: Uint8Array) => void,
) => void;

interface Coding {
  readonly undo: Undo;
  readonly undoing: () => Duplex;
}

/** Not in every Node that we run on. */
const { zstdDecompress, createZstdDecompress } = zlib as {
  readonly zstdDecompress?: Undo;
  readonly createZstdDecompress?: () => Duplex;
};

const CODINGS: ReadonlyMap<string, Coding> = new Map<string, Coding>([
  ['gzip', { undo: zlib.gunzip, undoing: () => zlib.createGunzip() }],
  ['br', { undo: zlib.brotliDecompress, undoing: () => zlib.createBrotliDecompress() }],
  ...(zstdDecompress === undefined || createZstdDecompress === undefined
    ? []
    : [['zstd', { undo: zstdDecompress, undoing: createZstdDecompress }] as const]),
]);

/**
 * What is to be done for a client with an answer in a coding.
 *
 * - `fits`: it takes the coding, or there is none; or it is one that nobody asked for and that cannot be undone, which the client would
 *   have got from the upstream too.
 * - `undo`: it gets the answer without the coding.
 * - `ask`: RFC 9110 7.7: "A proxy MUST NOT transform the content (...) of a response message that contains a no-transform cache
 *   directive"; RFC 9111 5.2.1.6 lets the client demand the same. The upstream is asked with the codings of the client.
 */
export type CodingVerdict = 'fits' | 'undo' | 'ask';

export function codingVerdict(requestFields: Fields, answerFields: Fields): CodingVerdict {
  const coding = codingOf(answerFields);
  if (coding === undefined || takesCoding(fieldValue(requestFields, 'accept-encoding'), coding)) return 'fits';
  if (!CODINGS.has(coding)) return 'fits';
  return isToStay(requestFields) || isToStay(answerFields) ? 'ask' : 'undo';
}

function isToStay(fields: Fields): boolean {
  return parseCacheControl(fieldValue(fields, 'cache-control')).noTransform;
}

/** What a body may come to: a small one can hold gigabytes of zeros. */
const MOST_BYTES = 64 * 1024 * 1024;
const KEPT_BYTES = 32 * 1024 * 1024;
const OVERHEAD_BYTES = 300;

interface Coded {
  readonly fields: Fields;
  readonly body: Uint8Array;
  readonly flow?: FlowingBody | undefined;
}

/** Undoes codings for clients that do not take them; what was undone last is kept, since such clients ask again. */
export class ContentCodings {
  /** By hash of the coded body. */
  private readonly undone = new LRUCache<string, Uint8Array>({
    maxSize: KEPT_BYTES,
    sizeCalculation: ({ byteLength }) => byteLength + OVERHEAD_BYTES,
  });
  private readonly underWay = new Map<string, Promise<Uint8Array | undefined>>();

  /** Undefined: its bytes are not what its coding says, or too many. */
  async entryInIdentity({ entry, body }: HeldEntry): Promise<HeldEntry | undefined> {
    const plain = this.undone.get(entry.bodyHash) ?? (await this.undoOnce(entry.bodyHash, { ...entry, body }));
    return plain === undefined ? undefined : { entry: entryInIdentity(entry, plain.byteLength), body: plain };
  }

  /** Undefined as above; where its body flows, that shows too late to be told. */
  async answerInIdentity(coded: Coded): Promise<Coded | undefined> {
    const { fields, flow } = coded;
    // How long it gets is told by nobody: the length that is told here is taken away again.
    if (flow !== undefined)
      return { fields: fieldsInIdentity(fields, 0), body: coded.body, flow: flowInIdentity(flow, fields) };
    const body = await undo(coded);
    return body === undefined ? undefined : { fields: fieldsInIdentity(coded.fields, body.byteLength), body };
  }

  private undoOnce(hash: string, coded: Coded): Promise<Uint8Array | undefined> {
    const known = this.underWay.get(hash);
    if (known !== undefined) return known;
    const undoing = undo(coded)
      .then((plain) => {
        if (plain !== undefined) this.undone.set(hash, plain);
        return plain;
      })
      .finally(() => this.underWay.delete(hash));
    this.underWay.set(hash, undoing);
    return undoing;
  }
}

function undo({ fields, body }: Coded): Promise<Uint8Array | undefined> {
  const coding = CODINGS.get(codingOf(fields) ?? '');
  // RFC 9110 8.4: of nothing there is no coding, as in the answer to a HEAD or a 204.
  if (coding === undefined || body.byteLength === 0) return Promise.resolve(body);
  return new Promise((resolve) => {
    coding.undo(body, { maxOutputLength: MOST_BYTES }, (error, plain) => resolve(error === null ? plain : undefined));
  });
}

/** A body that flows, undone as it comes. */
export function flowInIdentity(flow: FlowingBody, fields: Fields): FlowingBody {
  const coding = CODINGS.get(codingOf(fields) ?? '');
  if (coding === undefined) return flow;
  return {
    bytes: null,
    isTouched: () => flow.isTouched(),
    drop: () => flow.drop(),
    read() {
      const undoing = coding.undoing();
      // Whoever iterates over its end is told of the error.
      pipeline(Readable.from(flow.read()), undoing, () => undefined);
      return undoing as AsyncIterable<Uint8Array>;
    },
  };
}
