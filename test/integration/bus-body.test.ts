import { createHash, randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { BodyStreamError, offerBody, receiveBody, sendBody, takeBody, type Bus, type TakeOptions } from '#bus';
import { CHUNK_BYTES, encodeFrame } from '#contracts';
import { startNats, type RealServer } from '../support/real-servers.js';
import { natsVersions, TestBuses } from '../support/test-bus.js';

const MIB = 1024 * 1024;
const versions = await natsVersions();
const limits: TakeOptions = { timeoutMs: 10_000, maxBytes: 64 * MIB };

describe.each(versions)('bodies in chunks on the %s server', (version) => {
  let server: RealServer;
  let buses: TestBuses;
  let giver: Bus;
  let taker: Bus;
  let ids = 0;

  beforeAll(async () => {
    server = await startNats({ version });
    buses = new TestBuses({ url: server.url, namespace: 'body' });
  });
  beforeEach(async () => {
    [giver, taker] = await Promise.all([buses.open(), buses.open()]);
  });
  afterEach(() => buses.closeAll());
  afterAll(() => server.stop());

  async function offered(bytes: Uint8Array, untakenMs?: number): Promise<ReturnType<typeof offerBody>> {
    const offer = offerBody(giver, bytes, untakenMs);
    await giver.nc.flush();
    return offer;
  }

  const faultOf = (taken: Promise<unknown>): Promise<unknown> =>
    taken.then(
      () => 'none',
      (error: unknown) => (error instanceof BodyStreamError ? error.code : error),
    );

  /** A sender that says what the test says, once it has been asked. */
  async function scripted(say: (id: string, n: number) => void): Promise<string> {
    const id = `scripted${(ids += 1)}`;
    let credits = 0;
    giver.nc.subscribe(giver.subjects.bodyCredit(id), { callback: () => say(id, (credits += 1)) });
    await giver.nc.flush();
    return id;
  }
  const chunk = (id: string, n: number, bytes: Uint8Array): void =>
    giver.nc.publish(giver.subjects.body(id), encodeFrame({ kind: 'chunk', n }, bytes));
  const end = (id: string, chunks: number, bytes: Uint8Array): void => {
    const hash = createHash('sha256').update(bytes).digest('hex');
    const head = { kind: 'end', chunks, bytes: bytes.byteLength, hash };
    giver.nc.publish(giver.subjects.body(id), encodeFrame(head, new Uint8Array()));
  };

  it.each([0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 8 * MIB])('%i bytes arrive as they were', async (size) => {
    const bytes = randomBytes(size);
    const { ref, done } = await offered(bytes);
    expect(bytes.equals(await takeBody(taker, ref, limits))).toBe(true);
    expect(await done).toBe('taken');
  });

  it('twenty bodies at once arrive as they were', async () => {
    const bodies = Array.from({ length: 20 }, () => randomBytes(MIB));
    const offers = await Promise.all(bodies.map((bytes) => offered(bytes)));
    const taken = await Promise.all(offers.map(({ ref }) => takeBody(taker, ref, limits)));
    expect(bodies.every((bytes, index) => bytes.equals(taken[index]!))).toBe(true);
  });

  it('a body of unknown length is read no faster than it is taken', async () => {
    let made = 0;
    async function* source(): AsyncGenerator<Uint8Array> {
      for (; made < 100; made += 1) yield new Uint8Array(1_000).fill(made);
      await Promise.resolve();
    }
    const { done } = sendBody({ bus: giver, id: 'long', source: source(), untakenMs: 5_000 });
    await giver.nc.flush();
    const body = receiveBody({ bus: taker, id: 'long' });
    const first = await body.next();
    await vi.waitFor(() => expect(made).toBeGreaterThanOrEqual(8));
    // One turn more of credits that are said again, so that a sender without limits would have gone on.
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(made).toBeLessThan(20);
    let bytes = first.value instanceof Uint8Array ? first.value.byteLength : 0;
    for await (const part of body) bytes += part.byteLength;
    expect(bytes).toBe(100_000);
    expect(await done).toBe('taken');
  });

  it('a source that fails ends in an error at the receiver', async () => {
    function* source(): Generator<Uint8Array> {
      yield new Uint8Array(10);
      throw new Error('the upstream closed');
    }
    const { done } = sendBody({ bus: giver, id: 'failing', source: source(), untakenMs: 5_000 });
    await giver.nc.flush();
    const ref = { id: 'failing', bytes: 20, hash: '' };
    await expect(takeBody(taker, ref, limits)).rejects.toThrow('the upstream closed');
    expect(await done).toBe('broken');
  });

  it('a body that nobody offers is told at once', async () => {
    const startedAtMs = performance.now();
    expect(await faultOf(takeBody(taker, { id: 'nobody', bytes: 5, hash: '' }, limits))).toBe('body_gone');
    expect(performance.now() - startedAtMs).toBeLessThan(500);
  });

  it('an offer that nobody takes ends by itself', async () => {
    const { ref, done, untouched } = await offered(new Uint8Array(5), 100);
    expect(untouched()).toBe(true);
    expect(await done).toBe('untaken');
    expect(untouched()).toBe(false);
    await giver.nc.flush();
    expect(await faultOf(takeBody(taker, ref, limits))).toBe('body_gone');
  });

  it('a sender that is lost amid a body ends in an error in time', async () => {
    const id = await scripted((to, n) => {
      if (n > 1) return;
      chunk(to, 0, new Uint8Array(10));
      void giver.nc.flush().then(() => giver.nc.close());
    });
    const startedAtMs = performance.now();
    const fault = await faultOf(takeBody(taker, { id, bytes: 20, hash: '' }, limits));
    expect(['body_gone', 'body_stalled']).toContain(fault);
    expect(performance.now() - startedAtMs).toBeLessThan(6_000);
  });

  it('a sender that falls silent ends in an error in time, while a source that is slow is waited for', async () => {
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10);
      await new Promise((resolve) => setTimeout(resolve, 6_000));
      yield new Uint8Array(10);
    }
    sendBody({ bus: giver, id: 'slow', source: slow(), untakenMs: 5_000 });
    const id = await scripted((to, n) => void (n === 1 && chunk(to, 0, new Uint8Array(10))));
    const silent = faultOf(takeBody(taker, { id, bytes: 20, hash: '' }, limits));
    let bytes = 0;
    for await (const part of receiveBody({ bus: taker, id: 'slow' })) bytes += part.byteLength;
    expect(bytes).toBe(20);
    expect(await silent).toBe('body_stalled');
  });

  it('a lost chunk is an error', async () => {
    const id = await scripted((to) => {
      chunk(to, 0, new Uint8Array(10));
      chunk(to, 2, new Uint8Array(10));
    });
    expect(await faultOf(takeBody(taker, { id, bytes: 30, hash: '' }, limits))).toBe('body_incomplete');
  });

  it('a lost last chunk is an error', async () => {
    const id = await scripted((to) => {
      chunk(to, 0, new Uint8Array(10));
      end(to, 2, new Uint8Array(20));
    });
    expect(await faultOf(takeBody(taker, { id, bytes: 20, hash: '' }, limits))).toBe('body_incomplete');
  });

  it('other bytes than announced are an error', async () => {
    const { ref } = await offered(new Uint8Array([1, 2, 3]));
    const hash = createHash('sha256').update('else').digest('hex');
    expect(await faultOf(takeBody(taker, { ...ref, hash }, limits))).toBe('body_mismatch');
    const changed = await scripted((to) => {
      chunk(to, 0, new Uint8Array([1, 2, 4]));
      end(to, 1, new Uint8Array([1, 2, 3]));
    });
    expect(await faultOf(takeBody(taker, { ...ref, id: changed }, limits))).toBe('body_mismatch');
  });

  it('more bytes than announced, or than allowed, are an error before they are held', async () => {
    const { ref } = await offered(randomBytes(MIB));
    expect(await faultOf(takeBody(taker, { ...ref, bytes: 5 }, limits))).toBe('body_mismatch');
    expect(await faultOf(takeBody(taker, ref, { ...limits, maxBytes: MIB - 1 }))).toBe('body_too_large');
  });

  it('a taker that is called off tells the sender', async () => {
    const leaving = new AbortController();
    const { ref, done } = await offered(randomBytes(8 * MIB));
    const taken = faultOf(takeBody(taker, ref, { ...limits, signal: leaving.signal }));
    leaving.abort();
    expect(await taken).toBe('body_aborted');
    expect(await done).toBe('broken');
  });

  it('a body that takes longer than it may is an error', async () => {
    const id = await scripted((to) =>
      giver.nc.publish(giver.subjects.body(to), encodeFrame({ kind: 'alive' }, new Uint8Array())),
    );
    expect(await faultOf(takeBody(taker, { id, bytes: 20, hash: '' }, { ...limits, timeoutMs: 300 }))).toBe(
      'body_timeout',
    );
  });

  it('a lost connection is an error to the taker, at once', async () => {
    const id = await scripted((to, n) => void (n === 1 && chunk(to, 0, new Uint8Array(10))));
    const taken = faultOf(takeBody(taker, { id, bytes: 20, hash: '' }, limits));
    await vi.waitFor(() => expect(giver.nc.stats().inMsgs).toBeGreaterThan(0));
    await taker.nc.reconnect();
    expect(await taken).toBe('bus_away');
  });
});
