import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeFrame, encodeFrame, FrameError } from './frame.js';

describe('frame', () => {
  it('brings back any JSON head and any bytes', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.uint8Array({ maxLength: 4096 }), (head, body) => {
        const decoded = decodeFrame(encodeFrame(head, body));
        expect(JSON.stringify(decoded.head)).toBe(JSON.stringify(head));
        expect([...decoded.body]).toEqual([...body]);
      }),
    );
  });

  it('is decoded where it lies in a larger buffer', () => {
    const frame = encodeFrame({ a: 1 }, new Uint8Array([7]));
    const larger = new Uint8Array(frame.byteLength + 9);
    larger.set(frame, 9);
    expect([...decodeFrame(larger.subarray(9)).body]).toEqual([7]);
  });

  it('refuses what is cut short, or not JSON', () => {
    expect(() => decodeFrame(new Uint8Array([0, 0]))).toThrow(FrameError);
    expect(() => decodeFrame(new Uint8Array([0, 0, 0, 9, 123]))).toThrow(FrameError);
    expect(() => decodeFrame(new Uint8Array([0, 0, 0, 1, 123]))).toThrow(FrameError);
  });
});
