import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import * as zlib from 'node:zlib';
import type { Decode, Field } from '#core';

type Undo = (body: Uint8Array, options: { readonly maxOutputLength: number }) => Uint8Array;

/** Not in every Node that we run on. */
const { zstdDecompressSync } = zlib as { readonly zstdDecompressSync?: Undo };

const UNDO: Readonly<Record<string, Undo>> = {
  gzip: gunzipSync,
  br: brotliDecompressSync,
  ...(zstdDecompressSync === undefined ? {} : { zstd: zstdDecompressSync }),
};

/**
 * What upstreams are asked for where the answer may be kept: codings that can be undone here. gzip first, since every client takes it that
 * takes any.
 */
export const ASKED_CODINGS: Field = [
  'Accept-Encoding',
  `gzip, br;q=0.9${zstdDecompressSync === undefined ? '' : ', zstd;q=0.8'}`,
];

/** To look into an answer; what is passed on stays in its coding. */
export const decode: Decode = (coding, body, mostBytes) => {
  try {
    return UNDO[coding]?.(body, { maxOutputLength: mostBytes });
  } catch {
    // Damaged, or larger than anyone wants to look at: there is nothing to be read in it.
    return undefined;
  }
};
