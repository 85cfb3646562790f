const LENGTH_BYTES = 4;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export class FrameError extends Error {
  override readonly name = 'FrameError';
  readonly code = 'frame_malformed';
}

/** One message with a body: 4 bytes big-endian length of the JSON, the JSON, then the body's bytes as they are. */
export function encodeFrame(head: unknown, body: Uint8Array): Uint8Array {
  const json = encoder.encode(JSON.stringify(head));
  const frame = new Uint8Array(LENGTH_BYTES + json.byteLength + body.byteLength);
  new DataView(frame.buffer).setUint32(0, json.byteLength);
  frame.set(json, LENGTH_BYTES);
  frame.set(body, LENGTH_BYTES + json.byteLength);
  return frame;
}

/** @throws FrameError when the bytes are no frame. */
export function decodeFrame<Head>(frame: Uint8Array): { head: Head; body: Uint8Array } {
  if (frame.byteLength < LENGTH_BYTES) throw new FrameError(`expected at least 4 bytes, found ${frame.byteLength}`);
  const jsonBytes = new DataView(frame.buffer, frame.byteOffset).getUint32(0);
  const end = LENGTH_BYTES + jsonBytes;
  if (end > frame.byteLength)
    throw new FrameError(`expected ${jsonBytes} bytes of JSON, found ${frame.byteLength - LENGTH_BYTES}`);
  try {
    const head = JSON.parse(decoder.decode(frame.subarray(LENGTH_BYTES, end))) as Head;
    return { head, body: frame.subarray(end) };
  } catch (cause) {
    throw new FrameError('the head of the frame is not JSON in UTF-8', { cause });
  }
}

/** Bodies above this travel apart, as chunks with credits. */
export const INLINE_BODY_BYTES = 256 * 1024;
export const CHUNK_BYTES = 128 * 1024;
