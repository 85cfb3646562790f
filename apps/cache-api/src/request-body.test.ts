import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ClientUpload, receive } from './request-body.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

const MIB = 1024 * 1024;
const LIMITS = { maxBytes: 3 * MIB, idleMs: 60_000 };

/** A request as Node hands it out, whose body the test pushes. */
function request(headers: Record<string, string> = {}): IncomingMessage {
  return Object.assign(new IncomingMessage(new Socket()), { headers });
}

function pushed(sizes: readonly number[], headers: Record<string, string> = {}): IncomingMessage {
  const made = request(headers);
  for (const size of sizes) made.push(Buffer.alloc(size, 'x'));
  made.push(null);
  return made;
}

async function bytesOf(upload: ClientUpload): Promise<number> {
  let bytes = 0;
  for await (const piece of upload.read()) bytes += piece.byteLength;
  return bytes;
}

async function uploadOf(made: IncomingMessage): Promise<ClientUpload> {
  const body = await receive(made, LIMITS);
  if (!(body instanceof ClientUpload)) throw new Error(`expected an upload, found ${body.byteLength} bytes`);
  return body;
}

it('up to 1 MiB is kept whole, and what is larger comes as it is read', async () => {
  const whole = await receive(pushed([MIB - 1, 1]), LIMITS);
  expect(whole instanceof Uint8Array && whole.byteLength).toBe(MIB);
  const upload = await uploadOf(pushed([MIB, 1, MIB], { 'content-length': String(2 * MIB + 1) }));
  expect(upload.bytes).toBe(2 * MIB + 1);
  expect(await bytesOf(upload)).toBe(2 * MIB + 1);
});

it('a body beyond the bound is refused by its length, by its first part, or on its way', async () => {
  await expect(receive(request({ 'content-length': String(4 * MIB) }), LIMITS)).rejects.toMatchObject({
    code: 'request_too_large',
  });
  await expect(receive(pushed([600_000]), { ...LIMITS, maxBytes: 500_000 })).rejects.toMatchObject({
    code: 'request_too_large',
  });
  const upload = await uploadOf(pushed([2 * MIB, 2 * MIB]));
  await expect(bytesOf(upload)).rejects.toThrow('maxRequestBody');
  expect(upload.fault).toBe('too-large');
});

it('a client that is silent for too long is told, before and amid the flow', async () => {
  const silent = receive(request(), LIMITS).catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(LIMITS.idleMs);
  expect(await silent).toMatchObject({ code: 'request_timeout' });
  const made = request();
  made.push(Buffer.alloc(2 * MIB));
  const upload = await uploadOf(made);
  const amid = bytesOf(upload).catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(LIMITS.idleMs);
  expect(await amid).toMatchObject({ code: 'request_timeout' });
  expect(upload.fault).toBe('stalled');
});

it('a byte now and then does not hold a connection for ever', async () => {
  const made = request();
  const trickled = receive(made, LIMITS).catch((error: unknown) => error);
  for (let n = 0; n < 10; n += 1) {
    made.push('x');
    await vi.advanceTimersByTimeAsync(30_000);
  }
  expect(await trickled).toMatchObject({
    code: 'request_timeout',
    message: 'the first part of the body took too long',
  });
});

it('a wait for the next piece ends when nobody wants it, and when the client has gone', async () => {
  const [unwanted, left] = [request(), request()];
  for (const made of [unwanted, left]) made.push(Buffer.alloc(2 * MIB));
  const upload = await uploadOf(unwanted);
  const reading = bytesOf(upload).catch((error: unknown) => error);
  const leaving = bytesOf(await uploadOf(left)).catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(1);
  upload.drop();
  left.destroy();
  expect(await reading).toMatchObject({ code: 'request_incomplete' });
  expect(await leaving).toMatchObject({ code: 'request_incomplete' });
  expect(upload.fault).toBeNull();
});
