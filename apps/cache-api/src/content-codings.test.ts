import { brotliCompressSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { FlowingBody } from '#bus';
import type { Fields } from '#core';
import { codingVerdict, ContentCodings, flowInIdentity } from './content-codings.js';

const GZIP: Fields = [['Content-Encoding', 'gzip']];

describe('what is done for a client', () => {
  const verdict = (accept: string | undefined, answer: Fields, request: Fields = []): string =>
    codingVerdict(accept === undefined ? request : [['Accept-Encoding', accept], ...request], answer);

  test.each([
    ['gzip', GZIP],
    [undefined, []],
    ['identity', [['Content-Encoding', 'compress']]],
    ['identity', [['Content-Encoding', 'gzip, br']]],
  ] as const)('Accept-Encoding %s gets %j as it is', (accept, answer) => {
    expect(verdict(accept, answer)).toBe('fits');
  });

  test.each([undefined, 'identity', 'br', 'gzip;q=0'])('Accept-Encoding %s gets gzip undone', (accept) => {
    expect(verdict(accept, GZIP)).toBe('undo');
  });

  test('no-transform, of the answer or of the request, lets nobody but the upstream do it', () => {
    const noTransform: Fields = [['Cache-Control', 'max-age=9, no-transform']];
    expect(verdict('br', [...GZIP, ...noTransform])).toBe('ask');
    expect(verdict('br', GZIP, noTransform)).toBe('ask');
    expect(verdict('gzip', [...GZIP, ...noTransform], noTransform)).toBe('fits');
  });
});

describe('an answer', () => {
  const codings = new ContentCodings();

  test.each([
    ['gzip', gzipSync('hello')],
    ['br', brotliCompressSync('hello')],
  ])('in %s is undone', async (coding, body) => {
    const undone = await codings.answerInIdentity({ fields: [['Content-Encoding', coding]], body });
    expect(Buffer.from(undone?.body ?? []).toString()).toBe('hello');
    expect(undone?.fields).toEqual([['Content-Length', '5']]);
  });

  test('that is cut off, or would be larger than 64 MiB, cannot be', async () => {
    expect(await codings.answerInIdentity({ fields: GZIP, body: gzipSync('hello').subarray(0, 10) })).toBeUndefined();
    const bomb = gzipSync(Buffer.alloc(65 * 1024 * 1024), { level: 1 });
    expect(await codings.answerInIdentity({ fields: GZIP, body: bomb })).toBeUndefined();
  });

  test('of no bytes has none to undo', async () => {
    const undone = await codings.answerInIdentity({ fields: GZIP, body: new Uint8Array(0) });
    expect(undone?.body.byteLength).toBe(0);
  });
});

describe('a body that flows', () => {
  function flowing(pieces: readonly Uint8Array[], fault?: Error): FlowingBody {
    return {
      bytes: 5,
      isTouched: () => false,
      drop: () => undefined,
      async *read() {
        yield* pieces;
        if (fault !== undefined) throw fault;
      },
    };
  }

  async function read(flow: FlowingBody): Promise<string> {
    const pieces: Uint8Array[] = [];
    for await (const piece of flow.read()) pieces.push(piece);
    return Buffer.concat(pieces).toString();
  }

  test('is undone as it comes, and its length is not known', async () => {
    const zipped = gzipSync('hello '.repeat(10_000));
    const halves = [zipped.subarray(0, 40), zipped.subarray(40)];
    const flow = flowInIdentity(flowing(halves), GZIP);
    expect(flow.bytes).toBeNull();
    expect(await read(flow)).toBe('hello '.repeat(10_000));
  });

  test('breaks off where it broke off before', async () => {
    const flow = flowInIdentity(flowing([gzipSync('hello').subarray(0, 12)], new Error('gone')), GZIP);
    await expect(read(flow)).rejects.toThrow('gone');
  });
});
